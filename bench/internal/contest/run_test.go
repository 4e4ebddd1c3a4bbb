package contest_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/bench/internal/contest"
	"github.com/lilith/distlock/bench/internal/peer"
	"github.com/lilith/distlock/bench/internal/servertest"
)

// workload returns one with a contestant of redislock and the given turn.
func workload(measure func(context.Context, *contest.Entrant, contest.Budget) (contest.Sample, error)) *contest.Workload {
	return &contest.Workload{
		Name: "trial", Title: "A trial", Nodes: 1,
		Contestants: []peer.Contestant{peer.Redislock},
		Metrics:     []contest.Metric{{Name: "figure", Unit: contest.Count}},
		Measure:     measure,
	}
}

func silent(contest.Progress) {}

func TestAContestantThatHangsIsCutOffAndTheRunGoesOn(t *testing.T) {
	servertest.Require(t)
	w := workload(func(ctx context.Context, _ *contest.Entrant, _ contest.Budget) (contest.Sample, error) {
		<-ctx.Done() // as one does that waits for a message that was lost
		return contest.Sample{}, ctx.Err()
	})
	b := tiny
	b.Limit, b.Rounds = 10*time.Millisecond, 5
	r, err := contest.Run(t.Context(), w, b, silent)
	require.NoError(t, err)
	require.Equal(t, 5, r.Rounds)
	require.Contains(t, r.Entries[0].Err, "it hung for 10ms")
	require.Len(t, r.Entries[0].Values["figure"], 2, "it is left out once it has hung twice")
	require.False(t, r.Value(peer.Redislock.Name, "figure").Known())
}

func TestARunThatIsInterruptedReturnsTheRoundsSoFar(t *testing.T) {
	servertest.Require(t)
	ctx, cancel := context.WithCancel(t.Context())
	rounds := 0
	w := workload(func(context.Context, *contest.Entrant, contest.Budget) (contest.Sample, error) {
		if rounds++; rounds == 3 {
			cancel()
		}
		return contest.Sample{Values: map[string]float64{"figure": float64(rounds)}}, nil
	})
	b := tiny
	b.Rounds = 5
	r, err := contest.Run(ctx, w, b, silent)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, 2, r.Rounds)
	require.Equal(t, []float64{1, 2}, r.Entries[0].Values["figure"])

	r, err = contest.Run(ctx, w, b, silent)
	require.ErrorIs(t, err, context.Canceled)
	require.Nil(t, r, "there is nothing to tell")
}

func TestAHeavyWorkloadGetsFewerRounds(t *testing.T) {
	w := &contest.Workload{Heavy: 3}
	require.Equal(t, 5, w.Rounds(contest.Budget{Rounds: 15}))
	require.Equal(t, 2, w.Rounds(contest.Budget{Rounds: 4}))
	require.Equal(t, 1, w.Rounds(contest.Budget{Rounds: 1}))
}

func TestAFaultIsToldAsARatioToTheContestantItselfWhileAllWasWell(t *testing.T) {
	r := &contest.Result{
		Workload: &contest.Workload{Phases: []contest.Phase{{Name: "healthy"}, {Name: "hung"}}},
		Entries: []*contest.Entry{{Name: "a", Values: map[string][]float64{
			"healthy: time": {1, 10}, "hung: time": {3, 30},
		}}},
	}
	require.InDelta(t, 3, r.Relative("a", r.Workload.Phases[1], "time").Median, 0)
	require.InDelta(t, 1, r.Relative("a", r.Workload.Phases[0], "time").Median, 0)
}
