package chaos_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/chaos"
	"github.com/lilith/distlock/redlock"
)

func TestTheHooksRecordAProgramsHistory(t *testing.T) {
	t.Parallel()
	c := chaos.Embedded(t, 3)
	rec := chaos.NewRecorder()
	locker := func(name string) *distlock.Locker {
		l, err := redlock.New(c.Dial(), distlock.Config{NodeTimeout: 10 * second, Trace: rec.Trace(name)})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, l.Close()) })
		return l
	}
	a, b := locker("a"), locker("b")
	h, err := a.WaitForLock(t.Context(), "k", 30*time.Second)
	require.NoError(t, err)
	_, err = b.TryAcquire(t.Context(), "k")
	require.ErrorIs(t, err, distlock.ErrHeld)
	require.NoError(t, h.Extend(t.Context(), 0))
	require.NoError(t, h.Release(t.Context()))
	lost, err := b.WaitForLock(t.Context(), "k", 30*time.Second, distlock.WithTTL(50*time.Millisecond))
	require.NoError(t, err)
	<-lost.Done()
	require.ErrorIs(t, lost.Release(t.Context()), distlock.ErrLost)

	seen := func() (all []string) {
		for _, o := range rec.History().Ops {
			require.LessOrEqual(t, o.Start, o.End)
			require.Equal(t, "k", o.Key)
			all = append(all, o.Client+" "+string(o.Kind)+" "+string(o.Outcome))
		}
		return all
	}
	// The hook for a loss runs once Done is closed.
	require.Eventually(t, func() bool { return slices.Contains(seen(), "b signal lost") }, 30*time.Second, time.Millisecond)
	require.Subset(t, seen(), []string{
		"a acquire ok", "b acquire held", "a extend ok", "a release ok", "b acquire ok", "b release lost",
	})
	require.Empty(t, chaos.Check(rec.History(), chaos.Limits{Slack: time.Minute}).Violations)
}

func TestAReleaseIsNotDatedLateByAHookThatIs(t *testing.T) {
	t.Parallel()
	c := chaos.Embedded(t, 3)
	rec := chaos.NewRecorder()
	hooks := *rec.Trace("a")
	released, told := hooks.Released, time.Duration(0)
	hooks.Released = func(e distlock.Event) {
		told = rec.Now()
		time.Sleep(20 * time.Millisecond)
		released(e)
	}
	l, err := redlock.New(c.Dial(), distlock.Config{NodeTimeout: 10 * second, Trace: &hooks})
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	h, err := l.WaitForLock(t.Context(), "k", 30*time.Second)
	require.NoError(t, err)
	require.NoError(t, h.Release(t.Context()))
	ops := rec.History().Ops
	last := ops[len(ops)-1]
	require.Equal(t, chaos.OpRelease, last.Kind)
	require.Less(t, last.Start, told)
	require.Zero(t, last.Until)
}

func TestTheHooksShowThatALockDoesNotExclude(t *testing.T) {
	t.Parallel()
	rec := chaos.NewRecorder()
	for _, name := range []string{"a", "b"} {
		l, err := distlock.New(lyingStore{}, distlock.Config{NoFencing: true, Trace: rec.Trace(name)})
		require.NoError(t, err)
		h, err := l.Acquire(t.Context(), "k")
		require.NoError(t, err)
		defer func() { require.NoError(t, h.Release(context.Background())) }()
	}
	violations := chaos.Check(rec.History(), chaos.Limits{Unfenced: true}).Violations
	require.Len(t, violations, 1)
	require.Equal(t, "I1", violations[0].Invariant)
	require.Equal(t, []string{"a", "b"}, violations[0].Clients)
}
