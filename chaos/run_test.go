package chaos_test

import (
	"context"
	"errors"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/chaos"
	"github.com/lilith/distlock/internal/scripts"
	"github.com/lilith/distlock/redlock"
)

func TestARunOnEmbeddedNodesFindsNothingAndTellsWhatItDid(t *testing.T) {
	t.Parallel()
	var phases []string
	var last chaos.Progress
	report, err := chaos.Run(t.Context(), chaos.Options{
		Seed: 3, Duration: 5 * time.Second, Nodes: 3, Clients: 4,
		Observe: func(p chaos.Progress) {
			if len(phases) == 0 || phases[len(phases)-1] != p.Phase {
				phases = append(phases, p.Phase)
			}
			last = p
		},
	})
	require.NoError(t, err)
	require.Empty(t, report.Verdict.Violations)
	require.Equal(t, []string{"starting", "faults", "settling", "checking", "done"}, phases)
	require.Equal(t, report.Counts["acquired"], last.Acquired)
	require.Equal(t, report.Counts["faults"], last.Faults)
	require.Equal(t, "embedded", report.Layer)
	require.Equal(t, uint64(3), report.Seed)
	require.Equal(t, "distlock chaos --seed 3 --duration 5s --clients 4 --nodes 3", report.Command)
	require.Len(t, report.Nodes, 3)
	require.GreaterOrEqual(t, len(report.Clients), 4)
	require.Empty(t, report.Stopped)
	require.Greater(t, report.Counts["faults"], 5)
	require.Positive(t, report.Counts["acquired"])
	require.Positive(t, report.History.Healed)
	require.Positive(t, report.History.Settled)
	require.NotEmpty(t, report.Latency)
	require.NotEmpty(t, report.Version["go"])
	for _, l := range report.History.Levels {
		require.LessOrEqual(t, l.After, l.Before, l.What)
	}
	for row, cells := range report.Matrix {
		for column, n := range cells {
			cell := chaos.Row(row).String() + "/" + chaos.Column(column).String()
			if n == 0 {
				require.NotEmpty(t, report.Unreached[cell]+report.Unreached[chaos.Row(row).String()], "why %s was not reached", cell)
			}
		}
	}
}

// handOvers counts requests to hand a lock on.
type handOvers struct{ number atomic.Int64 }

func (c *handOvers) DialHook(next redis.DialHook) redis.DialHook { return next }

func (c *handOvers) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if args := cmd.Args(); len(args) > 1 && args[1] == scripts.HandOver.SHA {
			c.number.Add(1)
		}
		return next(ctx, cmd)
	}
}

func (c *handOvers) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func TestWorkersThatShareALockerHandTheLockOn(t *testing.T) {
	t.Parallel()
	o := chaos.Options{Seed: 5, Duration: 10 * time.Second, Nodes: 3, Clients: 2, Keys: 1, Kinds: []chaos.Kind{}}
	var counted handOvers
	o.SetLocker(func(clients []redis.UniversalClient, cfg distlock.Config) (*distlock.Locker, error) {
		for _, c := range clients {
			c := c.(*redis.Client)
			c.Options().ContextTimeoutEnabled = true // so that hooks see the library's requests
			c.AddHook(&counted)
		}
		return redlock.New(clients, cfg)
	})
	report, err := chaos.Run(t.Context(), o)
	require.NoError(t, err)
	require.Empty(t, report.Verdict.Violations)
	require.Positive(t, counted.number.Load())
	for _, op := range report.History.Ops {
		if op.Kind == chaos.OpAcquire && op.Outcome == chaos.Done {
			require.Positive(t, op.Attempts)
			require.Positive(t, op.Worker)
		}
	}
}

func TestARunWithProcessesFindsNothing(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("redis-server"); err != nil {
		chaos.Processes(t, 1) // skips, or fails, as the environment says
	}
	report, err := chaos.Run(t.Context(), chaos.Options{
		Seed: 4, Duration: 5 * time.Second, Nodes: 3, Clients: 3, Processes: true,
	})
	require.NoError(t, err)
	require.Empty(t, report.Verdict.Violations)
	require.Equal(t, "processes", report.Layer)
	require.Positive(t, report.Counts["acquired"])
	require.Positive(t, report.Counts["fault client-pause"])
	require.Positive(t, report.Counts["fault holder-crash"])
	require.NotEqual(t, "unknown", report.Version["redis"])
	require.Contains(t, report.Command, "--processes")
}

// A lyingStore grants every lease, and asks nobody.
type lyingStore struct{ tokens *atomic.Int64 }

func (s lyingStore) Acquire(context.Context, distlock.Request) distlock.Result {
	res := distlock.Result{Verdict: distlock.Agreed}
	if s.tokens != nil {
		res.FencingToken = s.tokens.Add(1)
	}
	return res
}

func (lyingStore) Extend(context.Context, distlock.Request) distlock.Result {
	return distlock.Result{Verdict: distlock.Agreed}
}

func (lyingStore) Release(context.Context, distlock.Request) distlock.Result {
	return distlock.Result{Verdict: distlock.Agreed}
}

func (s lyingStore) HandOver(ctx context.Context, req distlock.Request, granted func(distlock.Result)) distlock.Result {
	granted(s.Acquire(ctx, *req.Successor))
	return s.Release(ctx, req)
}

func (lyingStore) Await(distlock.Request, func()) (stop func()) { return func() {} }

func (lyingStore) Inspect(context.Context, distlock.Request) distlock.Result {
	return distlock.Result{Verdict: distlock.Agreed}
}

func (lyingStore) Close() error { return nil }

func TestARunFindsThatALockDoesNotExclude(t *testing.T) {
	t.Parallel()
	kinds, err := chaos.KindsOf("noscript")
	require.NoError(t, err)
	o := chaos.Options{Duration: time.Second, Nodes: 1, Clients: 3, Keys: 1, Kinds: kinds}
	var tokens atomic.Int64
	o.SetLocker(func(_ []redis.UniversalClient, cfg distlock.Config) (*distlock.Locker, error) {
		return distlock.New(lyingStore{&tokens}, cfg)
	})
	report, err := chaos.Run(t.Context(), o)
	require.NoError(t, err)
	require.False(t, report.OK())
	broken := make(map[string]bool)
	for _, v := range report.Verdict.Violations {
		broken[v.Invariant] = true
	}
	require.True(t, broken["I1"], "%v", report.Verdict.Violations)
	require.Contains(t, report.Command, "--faults noscript")
	require.Equal(t, "not among the faults to choose from", report.Unreached["crash"])
}

// A leakyStore is a lyingStore that leaves a goroutine behind each lease.
type leakyStore struct {
	lyingStore
	end chan struct{}
}

func (s leakyStore) Acquire(ctx context.Context, req distlock.Request) distlock.Result {
	go func() { <-s.end }() // the test ends it
	return s.lyingStore.Acquire(ctx, req)
}

func TestARunFindsGoroutinesThatAreLeftBehind(t *testing.T) {
	t.Parallel()
	kinds, err := chaos.KindsOf("noscript")
	require.NoError(t, err)
	// A seed of which one worker comes: the store does not keep several apart.
	o := chaos.Options{Seed: 4, Duration: 200 * time.Millisecond, Nodes: 1, Clients: 1, Keys: 1, Kinds: kinds}
	store := leakyStore{lyingStore{new(atomic.Int64)}, make(chan struct{})}
	defer close(store.end)
	o.SetLocker(func(_ []redis.UniversalClient, cfg distlock.Config) (*distlock.Locker, error) {
		return distlock.New(store, cfg)
	})
	report, err := chaos.Run(t.Context(), o)
	require.NoError(t, err)
	require.Len(t, report.Verdict.Violations, 1)
	require.Equal(t, "I11", report.Verdict.Violations[0].Invariant)
	require.Contains(t, report.Verdict.Violations[0].Text, "goroutines of clients: 0 before")
}

func TestALongRunTurnsToNewKeysAndForgetsTheOldOnes(t *testing.T) {
	t.Parallel()
	kinds, err := chaos.KindsOf("slow", "holder-crash")
	require.NoError(t, err)
	o := chaos.Options{Duration: 5 * time.Second, Nodes: 1, Clients: 3, Keys: 1, Guard: -1, TTL: 200 * time.Millisecond, Kinds: kinds}
	o.SetEpoch(1500 * time.Millisecond)
	report, err := chaos.Run(t.Context(), o)
	require.NoError(t, err)
	require.Empty(t, report.Verdict.Violations)
	kept := make(map[string]int)
	acquired := 0
	for _, op := range report.History.Ops {
		kept[op.Key]++
		if op.Kind == chaos.OpAcquire && op.Outcome == chaos.Done {
			acquired++
		}
	}
	// Which keys are kept a slow machine decides: of an old one, what ended late.
	require.NotEmpty(t, kept)
	require.Greater(t, report.Counts["acquired"], acquired, "what was forgotten was counted")
	require.Positive(t, report.Matrix[chaos.SlowNode][chaos.AcquireColumn])
	require.Zero(t, report.Guard)
}

func TestARunThatIsInterruptedReportsWhatItHas(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	report, err := chaos.Run(ctx, chaos.Options{
		Duration: time.Hour, Nodes: 3, Clients: 2,
		Observe: func(p chaos.Progress) {
			if p.Faults >= 5 {
				cancel(errors.New("the operator has seen enough"))
			}
		},
	})
	require.NoError(t, err)
	require.Empty(t, report.Verdict.Violations)
	require.Contains(t, report.Stopped, "the operator has seen enough")
	require.GreaterOrEqual(t, report.Counts["faults"], 5)
	for _, in := range report.History.Injections {
		require.Less(t, in.End, time.Hour)
	}
}

func TestOptionsThatMakeNoRunAreRefused(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]chaos.Options{
		"Options.Nodes is 65":                 {Nodes: 65},
		"Options.Clients is -1":               {Clients: -1},
		"Options.Guard is 500ms":              {Guard: 500 * time.Millisecond},
		"leases must last 100ms":              {TTL: time.Millisecond},
		"exclude each other":                  {Processes: true, URLs: []string{"redis://127.0.0.1"}},
		"none of a Redis server":              {URLs: []string{"http://127.0.0.1"}},
		distlock.ErrInvalidArgument.Error():   {Config: distlock.Config{NodeTimeout: -1}},
		"Config.DriftFactor is 2: it must be": {Config: distlock.Config{DriftFactor: 2}},
	} {
		report, err := chaos.Run(t.Context(), o)
		require.ErrorContains(t, err, want)
		require.Nil(t, report)
	}
}

func TestARunAgainstServersOfTheUsersOwnTouchesOnlyItsKeys(t *testing.T) {
	t.Parallel()
	servers := chaos.Embedded(t, 3) // stand in for the user's own
	for _, n := range servers.Nodes() {
		_, err := n.Do(t.Context(), "set", "precious", "data")
		require.NoError(t, err)
	}
	report, err := chaos.Run(t.Context(), chaos.Options{
		Seed: 8, Duration: 4 * time.Second, Clients: 3, URLs: servers.URLs(),
	})
	require.NoError(t, err)
	require.Empty(t, report.Verdict.Violations)
	require.Equal(t, "servers", report.Layer)
	require.Positive(t, report.Counts["acquired"])
	require.NotEmpty(t, report.Unreached["memory-lost"])
	for _, n := range servers.Nodes() {
		value, err := n.Do(t.Context(), "get", "precious")
		require.NoError(t, err)
		require.Equal(t, "data", value)
		keys, err := n.Do(t.Context(), "keys", "*")
		require.NoError(t, err)
		for _, key := range keys.([]any) {
			require.False(t, strings.Contains(key.(string), chaos.ServerPrefix), "%v is left on %s", key, n.Name())
		}
	}
}
