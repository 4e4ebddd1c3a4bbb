package distlock_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
)

func TestWaitsDoubleUpToTheCapAndAreDrawnFromTheUpperHalf(t *testing.T) {
	nominal := []time.Duration{100, 200, 400, 800, 1000, 1000}
	below := make([]bool, len(nominal)) // a wait in the lower half of the upper half was seen
	above := make([]bool, len(nominal))
	for range 60 {
		synctest.Test(t, func(t *testing.T) {
			l, store := newLocker(t, distlock.Config{MaxRetries: len(nominal), MaxRetryDelay: time.Second})
			store.hold("k", 24*time.Hour)
			_, err := l.Acquire(context.Background(), "k")
			require.ErrorIs(t, err, distlock.ErrHeld)
			calls := store.made("acquire")
			for i, n := range nominal {
				n *= time.Millisecond
				wait := calls[i+1].at.Sub(calls[i].at)
				require.LessOrEqual(t, wait, n)
				require.GreaterOrEqual(t, wait, n/2)
				below[i] = below[i] || wait < 3*n/4
				above[i] = above[i] || wait > 3*n/4
			}
		})
	}
	require.NotContains(t, below, false, "waits are drawn at random")
	require.NotContains(t, above, false, "waits are drawn at random")
}

func TestAWaitIsNoLongerThanTheOwnersLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{RetryDelay: time.Hour, MaxRetryDelay: time.Hour})
		store.hold("k", 7*time.Second)
		start := time.Now()
		h, err := l.Acquire(context.Background(), "k")
		require.NoError(t, err)
		require.InDelta(t, 7*time.Second, time.Since(start), float64(2*time.Millisecond))
		require.NoError(t, h.Release(context.Background()))
	})
}

func TestWaitForLockWaitsWhateverMaxRetriesSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{MaxRetries: distlock.NoRetries})
		store.hold("k", time.Minute)
		h, err := l.WaitForLock(context.Background(), "k", 2*time.Minute)
		require.NoError(t, err)
		require.NoError(t, h.Release(context.Background()))
	})
}

func TestWaitForLockTimesOutWithTheLastVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{})
		store.hold("k", time.Hour)
		start := time.Now()
		_, err := l.WaitForLock(context.Background(), "k", 5*time.Second)
		require.ErrorIs(t, err, distlock.ErrHeld)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 5*time.Second, time.Since(start))
	})
}

func TestTheEndOfTheContextEndsTheWaitingWithItsErrorAndCause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{MaxRetries: distlock.RetryForever})
		store.hold("k", time.Hour)
		shutdown := errors.New("shutting down")
		ctx, cancel := context.WithCancelCause(context.Background())
		time.AfterFunc(10*time.Second, func() { cancel(shutdown) })
		start := time.Now()
		_, err := l.Acquire(ctx, "k")
		require.Equal(t, 10*time.Second, time.Since(start))
		for _, want := range []error{distlock.ErrHeld, context.Canceled, shutdown} {
			require.ErrorIs(t, err, want)
		}
		require.ErrorContains(t, err, "shutting down")
	})
}

func TestAnAttemptThatTheContextCutShortDoesNotHideTheVerdictBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{MaxRetries: distlock.RetryForever, NodeTimeout: time.Second})
		store.hold("k", time.Hour)
		ctx, cancel := context.WithCancel(context.Background())
		time.AfterFunc(60*time.Second, func() { store.delays("acquire", 900*time.Millisecond) })
		time.AfterFunc(64*time.Second, cancel)
		_, err := l.Acquire(ctx, "k")
		require.ErrorIs(t, err, distlock.ErrHeld)
		require.ErrorIs(t, err, context.Canceled)
		require.NotErrorIs(t, err, distlock.ErrUnavailable)
	})
}

func TestAContextThatHasEndedAsksNobody(t *testing.T) {
	l, store := newLocker(t, distlock.Config{})
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := l.Acquire(ctx, "k")
	require.ErrorIs(t, err, context.Canceled)
	var failed *distlock.AcquisitionError
	require.ErrorAs(t, err, &failed)
	require.Zero(t, failed.Attempts)
	require.Empty(t, store.calls)
}

func TestAGrantThatComesAfterTheEndOfTheContextIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		l, err := distlock.New(deaf{store}, distlock.Config{NodeTimeout: time.Second})
		require.NoError(t, err)
		store.delays("acquire", 100*time.Millisecond)
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		_, err = l.Acquire(ctx, "k")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Empty(t, store.owner("k"))
	})
}

// deaf is a Store that does not hear a context's end, as one node asked on the
// caller's goroutine does not.
type deaf struct{ *memory }

func (d deaf) Acquire(ctx context.Context, req distlock.Request) distlock.Result {
	return d.memory.Acquire(context.WithoutCancel(ctx), req)
}

func TestAHandleOutlivesTheContextThatAcquiredIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := newLocker(t, distlock.Config{})
		ctx, cancel := context.WithCancel(context.Background())
		h, err := l.Acquire(ctx, "k", distlock.WithAutoExtend())
		require.NoError(t, err)
		cancel()
		time.Sleep(time.Hour)
		require.True(t, h.IsHeld())
		require.NoError(t, h.Release(ctx))
	})
}
