package distlock_test

import (
	"context"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
	"weak"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/clock"
)

// What must go on, or be let go of, whatever becomes of the context or the request
// that it began with.

func TestAReleaseThatTakesTimeIsNotCutShortByTheCallersContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{})
		h := acquire(t, l)
		store.delays("release", 50*time.Millisecond)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		require.NoError(t, h.Release(ctx))
		require.Empty(t, store.owner("k"))
	})
}

func TestGivingBackALateGrantTakesTheTimeItNeeds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		l, err := distlock.New(deaf{store}, distlock.Config{NodeTimeout: time.Second})
		require.NoError(t, err)
		store.delays("acquire", 100*time.Millisecond)
		store.delays("release", 50*time.Millisecond)
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		_, err = l.Acquire(ctx, "k")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Empty(t, store.owner("k"), "it was given back before Acquire returned")
	})
}

func TestGivingBackALateGrantHoldsItsCallerUpForNoMoreThanAMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{TTL: 10 * time.Second, NodeTimeout: 9 * time.Second, MaxRetries: distlock.NoRetries})
		store.delays("acquire", 9900*time.Millisecond)
		store.answers("release", distlock.Unanswered)
		start := time.Now()
		_, err := l.Acquire(t.Context(), "k")
		require.ErrorContains(t, err, "too late")
		require.LessOrEqual(t, time.Since(start), 10*time.Second)
	})
}

// unhurried is a Store whose extensions do not hear a context's end.
type unhurried struct{ *memory }

func (u unhurried) Extend(ctx context.Context, req distlock.Request) distlock.Result {
	return u.memory.Extend(context.WithoutCancel(ctx), req)
}

func TestReleaseAsksNobodyBeforeTheExtensionUnderWayIsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		l, err := distlock.New(unhurried{store}, distlock.Config{})
		require.NoError(t, err)
		h := acquire(t, l)
		store.delays("extend", 150*time.Millisecond)
		extended := make(chan error)
		start := time.Now()
		go func() { extended <- h.Extend(context.Background(), 0) }()
		synctest.Wait()
		require.NoError(t, h.Release(context.Background()))
		require.ErrorIs(t, <-extended, distlock.ErrReleased)
		require.Equal(t, start.Add(150*time.Millisecond), store.made("release")[0].at)
	})
}

func TestATombstoneWouldOutlastTheLongestExtension(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{TTL: 30 * time.Second})
		h := acquire(t, l)
		store.answers("extend", distlock.Unanswered) // but it may be carried out yet
		require.ErrorIs(t, h.Extend(context.Background(), 10*time.Minute), distlock.ErrUnavailable)
		require.NoError(t, h.Release(context.Background()))
		require.GreaterOrEqual(t, store.made("release")[0].req.TTL, 10*time.Minute)
	})
}

// dozing is a Store in whose extensions the machine is suspended.
type dozing struct {
	*memory
	suspend time.Duration
}

func (d dozing) Extend(ctx context.Context, req distlock.Request) distlock.Result {
	res := d.memory.Extend(ctx, req)
	clock.SimulateSuspend(d.suspend)
	return res
}

func TestAnExtensionReadAfterTheOldEndRevivesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, err := distlock.New(dozing{newMemory(), time.Minute}, distlock.Config{TTL: 30 * time.Second})
		require.NoError(t, err)
		h := acquire(t, l)
		require.ErrorIs(t, h.Extend(context.Background(), time.Hour), distlock.ErrLost)
		requireOver(t, h, distlock.ErrLost)
	})
}

func TestACancelledContextIsLetGoOfWhileTheLeaseLasts(t *testing.T) {
	l, _ := newLocker(t, distlock.Config{TTL: time.Hour})
	h := acquire(t, l)
	gone := cancelledContext(h)
	for range 100 { // one is enough, unless a collection was under way
		if runtime.GC(); gone.Value() == nil {
			break
		}
	}
	require.Nil(t, gone.Value())
	require.NoError(t, h.Release(context.Background()))
}

type parentKey struct{}

// cancelledContext makes a context of the lease and cancels it. The pointer returned
// is to something that the context's parent holds.
func cancelledContext(h *distlock.Handle) weak.Pointer[[64]byte] {
	held := new([64]byte)
	_, cancel := h.Context(context.WithValue(context.Background(), parentKey{}, held))
	cancel()
	return weak.Make(held)
}
