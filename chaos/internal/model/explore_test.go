package model_test

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos/internal/model"
)

// explored are the results so far: several tests ask for the same configurations.
var explored = map[model.Config]model.Result{}

// explore requires that cfg breaks nothing, and that somebody got the lock.
func explore(t *testing.T, cfg model.Config) model.Result {
	t.Helper()
	if r, known := explored[cfg]; known {
		t.Logf("known: %v", r)
		return r
	}
	ctx := t.Context()
	if deadline, bounded := t.Deadline(); bounded {
		// What is cut short is reported as such, rather than lost.
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, deadline.Add(-5*time.Second))
		defer cancel()
		if ctx.Err() != nil {
			t.Skip("no time left: give -timeout more")
		}
	}
	start := time.Now()
	key := cfg
	if raced {
		cfg.MaxStates = 2000
	}
	r, err := model.Explore(ctx, cfg)
	require.NoError(t, err)
	t.Logf("%v in %v", r, time.Since(start).Round(time.Millisecond))
	require.Nil(t, r.Violation)
	require.NotZero(t, r.Wins)
	explored[key] = r
	return r
}

// exhaust is explore for what is small enough to be seen to the end.
func exhaust(t *testing.T, cfg model.Config) model.Result {
	t.Helper()
	r := explore(t, cfg)
	require.True(t, r.Exhausted || raced)
	return r
}

// name tells configurations apart in the output of tests.
func name(cfg model.Config) string {
	expiry := "timed"
	if cfg.FreeExpiry {
		expiry = "free"
	}
	text := fmt.Sprintf("nodes=%d/clients=%d/attempts=%d/%s/hint=%d/extends=%d/resends=%d/forgets=%d",
		cfg.Nodes, cfg.Clients, cfg.Attempts, expiry, cfg.Hint, cfg.Extends, cfg.Resends, cfg.Forgets)
	if cfg.HandOvers > 0 {
		text += fmt.Sprintf("/handovers=%d", cfg.HandOvers)
	}
	return text
}

func TestFencingOnThreeNodesNeedsNoClockInAnyState(t *testing.T) {
	for _, cfg := range []model.Config{
		{Hint: model.NoHint},
		{Hint: model.AnyHint},
		{Hint: model.ClockHint},
		{Hint: model.ClockHint, Forgets: 3},
	} {
		cfg.Nodes, cfg.Clients, cfg.Attempts, cfg.FreeExpiry = 3, 2, 2, true
		t.Run(name(cfg), func(t *testing.T) {
			r := exhaust(t, cfg)
			require.True(t, r.Proposals > 0 || raced, "the second phase must have been met")
		})
	}
}

func TestTheProtocolOnThreeNodesKeepsItsPromisesInEveryState(t *testing.T) {
	for _, cfg := range []model.Config{
		{Clients: 2, Attempts: 3},
		{Clients: 2, Attempts: 2, Resends: 1},
		{Clients: 2, Attempts: 2, Extends: 1, Resends: 1},
		{Clients: 2, Attempts: 2, Extends: 1, Forgets: 1},
		{Clients: 2, Attempts: 2, Extends: 1, Forgets: 1, Hint: model.ClockHint},
		// The guard covers every node that forgot: it needs no majority that did not.
		{Clients: 2, Attempts: 2, Forgets: 3, Hint: model.ClockHint},
	} {
		cfg.Nodes = 3
		t.Run(name(cfg), func(t *testing.T) {
			r := exhaust(t, cfg)
			if cfg.Extends > 0 && !raced {
				require.NotZero(t, r.Extensions)
				require.NotZero(t, r.Repairs)
			}
		})
	}
}

func TestTheProtocolOnOtherNumbersOfNodesKeepsItsPromises(t *testing.T) {
	for _, cfg := range []model.Config{
		{Nodes: 1, Clients: 3, Attempts: 3, Extends: 1, Resends: 1, Forgets: 1},
		{Nodes: 2, Clients: 2, Attempts: 2, Hint: model.AnyHint, Resends: 1, FreeExpiry: true},
		{Nodes: 2, Clients: 2, Attempts: 3, Extends: 1, Forgets: 1},
		{Nodes: 4, Clients: 2, Attempts: 2, Extends: 1},
		{Nodes: 4, Clients: 2, Attempts: 2, FreeExpiry: true},
		{Nodes: 5, Clients: 2, Attempts: 2},
	} {
		t.Run(name(cfg), func(t *testing.T) { exhaust(t, cfg) })
	}
	for _, cfg := range []model.Config{
		{Nodes: 5, Clients: 2, Attempts: 2, FreeExpiry: true},
		{Nodes: 5, Clients: 2, Attempts: 2, Extends: 1, Forgets: 2},
	} {
		cfg.MaxStates = states(t)
		t.Run("bounded/"+name(cfg), func(t *testing.T) { explore(t, cfg) })
	}
}

// states bounds explorations that are too large to be seen to the end. To go further:
//
//	DISTLOCK_STATES=3000000 go test ./chaos/internal/model -run OtherNumbers -v
func states(t *testing.T) int {
	text := os.Getenv("DISTLOCK_STATES")
	if text == "" {
		return 60_000
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err)
	return n
}

func TestALockThatIsHandedOnKeepsThePromisesInEveryState(t *testing.T) {
	for _, cfg := range []model.Config{
		{Nodes: 1, Clients: 2, Attempts: 3, Extends: 1, Resends: 1, Forgets: 1, Hint: model.ClockHint, HandOvers: 2},
		{Nodes: 1, Clients: 3, Attempts: 4, Resends: 2, Forgets: 1, HandOvers: 2},
		{Nodes: 2, Clients: 2, Attempts: 3, HandOvers: 2},
		{Nodes: 2, Clients: 2, Attempts: 3, Forgets: 1, Hint: model.ClockHint, HandOvers: 1},
		{Nodes: 2, Clients: 2, Attempts: 3, Resends: 1, Hint: model.AnyHint, HandOvers: 1},
		{Nodes: 3, Clients: 2, Attempts: 2, Extends: 1, Resends: 1, HandOvers: 1},
		{Nodes: 3, Clients: 2, Attempts: 2, Extends: 1, Forgets: 1, Hint: model.ClockHint, HandOvers: 1},
		{Nodes: 3, Clients: 1, Attempts: 3, HandOvers: 2},
		{Nodes: 3, Clients: 2, Attempts: 3, HandOvers: 1},
	} {
		t.Run(name(cfg), func(t *testing.T) {
			r := exhaust(t, cfg)
			require.True(t, r.HandOvers > 0 || raced)
		})
	}
}

func TestLongExplorationsFindNothing(t *testing.T) {
	if os.Getenv("DISTLOCK_LONG") == "" {
		t.Skip("minutes, and up to 2 GiB: set DISTLOCK_LONG=1")
	}
	for _, cfg := range []model.Config{
		{Nodes: 3, Clients: 2, Attempts: 3, FreeExpiry: true},
		{Nodes: 3, Clients: 3, Attempts: 3, FreeExpiry: true},
		{Nodes: 3, Clients: 3, Attempts: 3},
		{Nodes: 3, Clients: 2, Attempts: 2, FreeExpiry: true, Resends: 1},
		{Nodes: 3, Clients: 2, Attempts: 2, FreeExpiry: true, Hint: model.AnyHint, Resends: 1},
		{Nodes: 3, Clients: 2, Attempts: 2, FreeExpiry: true, Hint: model.AnyHint, Extends: 1},
		{Nodes: 3, Clients: 2, Attempts: 2, Extends: 2, Resends: 1},
		{Nodes: 3, Clients: 2, Attempts: 2, Extends: 1, Resends: 1, Forgets: 1},
		{Nodes: 3, Clients: 2, Attempts: 2, Extends: 2, Forgets: 1, Hint: model.ClockHint},
		{Nodes: 3, Clients: 2, Attempts: 2, Extends: 2, Forgets: 3},
		{Nodes: 3, Clients: 2, Attempts: 2, Extends: 2, Resends: 1, Forgets: 1, MaxStates: 10_000_000},
		{Nodes: 3, Clients: 2, Attempts: 3, Forgets: 1},
		{Nodes: 3, Clients: 2, Attempts: 3, Extends: 1},
		{Nodes: 3, Clients: 2, Attempts: 3, Resends: 1, HandOvers: 2},
		{Nodes: 3, Clients: 2, Attempts: 3, Forgets: 1, HandOvers: 1, Hint: model.ClockHint},
		{Nodes: 3, Clients: 2, Attempts: 3, Extends: 1, HandOvers: 1},
		{Nodes: 3, Clients: 2, Attempts: 4, HandOvers: 2, MaxStates: 10_000_000},
		{Nodes: 5, Clients: 1, Attempts: 2, HandOvers: 1},
		{Nodes: 4, Clients: 2, Attempts: 2, FreeExpiry: true},
		{Nodes: 4, Clients: 2, Attempts: 2, Extends: 1, Forgets: 1},
		{Nodes: 4, Clients: 2, Attempts: 3, FreeExpiry: true, MaxStates: 10_000_000},
		{Nodes: 5, Clients: 2, Attempts: 2, Extends: 1},
		{Nodes: 5, Clients: 2, Attempts: 2, Forgets: 1},
		{Nodes: 5, Clients: 2, Attempts: 2, FreeExpiry: true, MaxStates: 10_000_000},
	} {
		t.Run(name(cfg), func(t *testing.T) { explore(t, cfg) })
	}
}

func TestAnExplorationStopsAtItsLimitAndWithItsContext(t *testing.T) {
	cfg := model.Config{Nodes: 3, Clients: 2, Attempts: 3, MaxStates: 1000}
	r, err := model.Explore(t.Context(), cfg)
	require.NoError(t, err)
	require.False(t, r.Exhausted)
	require.InDelta(t, 1000, r.States, 100)
	require.Contains(t, r.String(), "not exhausted")

	ended, cancel := context.WithCancel(t.Context())
	cancel()
	cfg.MaxStates = 0
	r, err = model.Explore(ended, cfg)
	require.NoError(t, err)
	require.False(t, r.Exhausted)
}

func TestAConfigOutOfBoundsIsAnErrorThatNamesTheField(t *testing.T) {
	_, err := model.Explore(t.Context(), model.Config{Nodes: 8, Clients: 1, Attempts: 1})
	require.ErrorContains(t, err, "Config.Nodes is 8")
	_, err = model.Walk(model.Config{Nodes: 3, Clients: 1, Attempts: 9}, 1, 1)
	require.ErrorContains(t, err, "Config.Attempts is 9")
	_, err = model.Walk(model.Config{Nodes: 3, Clients: 1, Attempts: 2, HandOvers: 1, FreeExpiry: true}, 1, 1)
	require.ErrorContains(t, err, "Config.HandOvers is 1 with FreeExpiry")
}

func TestTheCanonicalFormIsARenamingAndForgetsTheOrderOfNodes(t *testing.T) {
	for seed, cfg := range []model.Config{
		{Nodes: 3, Clients: 2, Attempts: 3, Extends: 2, Resends: 3, Forgets: 3, HandOvers: 2},
		{Nodes: 7, Clients: 3, Attempts: 8, Extends: 2, Resends: 3, Forgets: 7, HandOvers: 3, Hint: model.ClockHint},
		{Nodes: 5, Clients: 3, Attempts: 7, Extends: 1, Resends: 3, FreeExpiry: true, Hint: model.AnyHint},
	} {
		require.NoError(t, model.CheckRenaming(cfg, uint64(seed), 2_000))
	}
}
