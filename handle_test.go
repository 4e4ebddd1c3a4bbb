package distlock_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/clock"
)

func acquire(t *testing.T, l *distlock.Locker, opts ...distlock.Option) *distlock.Handle {
	t.Helper()
	h, err := l.Acquire(context.Background(), "k", opts...)
	require.NoError(t, err)
	return h
}

func requireOver(t *testing.T, h *distlock.Handle, why error) {
	t.Helper()
	require.False(t, h.IsHeld())
	require.ErrorIs(t, h.Err(), why)
	select {
	case <-h.Done():
	default:
		t.Fatal("Done is open")
	}
}

func TestALeaseEndsAtValidUntilByItself(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := newLocker(t, distlock.Config{TTL: 10 * time.Second})
		h := acquire(t, l)
		ctx, cancel := h.Context(context.Background())
		defer cancel()
		until := h.ValidUntil()
		time.Sleep(time.Until(until) - 20*time.Millisecond)
		require.True(t, h.IsHeld())
		require.NoError(t, ctx.Err())

		<-h.Done()
		require.False(t, time.Now().After(until), "signalled on time")
		requireOver(t, h, distlock.ErrLost)
		require.ErrorIs(t, ctx.Err(), context.Canceled)
		require.ErrorIs(t, context.Cause(ctx), distlock.ErrLost)
		var invalid *distlock.InvalidLockError
		require.ErrorAs(t, h.Err(), &invalid)
		require.Equal(t, "hold", invalid.Op)
		require.Equal(t, h.Token(), invalid.Token)
	})
}

func TestALeaseEndsForWhoAsksEvenIfNobodyWatches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := newLocker(t, distlock.Config{TTL: time.Second})
		h := acquire(t, l)
		time.Sleep(time.Second)
		requireOver(t, h, distlock.ErrLost)
		require.ErrorIs(t, h.Extend(context.Background(), 0), distlock.ErrLost)
	})
}

func TestASuspendedMachineHoldsNothingOnWaking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{TTL: time.Hour})
		h := acquire(t, l, distlock.WithAutoExtend())
		done := h.Done()
		ctx, cancel := h.Context(context.Background())
		defer cancel()

		clock.SimulateSuspend(2 * time.Hour)

		require.False(t, h.IsHeld(), "before any timer has run")
		require.ErrorIs(t, h.Extend(context.Background(), 0), distlock.ErrLost)
		require.Empty(t, store.made("extend"))
		<-done
		require.ErrorIs(t, context.Cause(ctx), distlock.ErrLost)
		require.ErrorIs(t, h.Release(context.Background()), distlock.ErrLost)
	})
}

func TestTheSignalComesWithinASecondOfWaking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := newLocker(t, distlock.Config{TTL: time.Hour})
		h := acquire(t, l)
		done := h.Done()
		time.Sleep(time.Minute)
		clock.SimulateSuspend(2 * time.Hour)
		woken := time.Now()
		<-done
		require.LessOrEqual(t, time.Since(woken), time.Second)
	})
}

func TestExtendMakesTheLeaseLastAndNeverShortensIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{TTL: 10 * time.Second})
		h := acquire(t, l)
		time.Sleep(5 * time.Second)
		require.NoError(t, h.Extend(context.Background(), 0))
		require.WithinDuration(t, time.Now().Add(9898*time.Millisecond), h.ValidUntil(), time.Millisecond)
		until := h.ValidUntil()
		require.NoError(t, h.Extend(context.Background(), time.Second))
		require.WithinDuration(t, until, h.ValidUntil(), time.Microsecond)
		require.NoError(t, h.Extend(context.Background(), time.Minute))
		require.Greater(t, time.Until(h.ValidUntil()), 59*time.Second)
		require.Equal(t, 3, h.Info().Extensions)
		require.Equal(t, 10*time.Second, h.Info().TTL)
		require.NoError(t, h.Release(context.Background()))
		require.Empty(t, store.owner("k"))
	})
}

func TestAnExtensionCountsFromItsSending(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{TTL: 10 * time.Second})
		h := acquire(t, l)
		store.delays("extend", 150*time.Millisecond)
		sent := time.Now()
		require.NoError(t, h.Extend(context.Background(), 20*time.Second))
		require.WithinDuration(t, sent.Add(19798*time.Millisecond), h.ValidUntil(), time.Millisecond)
		require.NoError(t, h.Release(context.Background()))
	})
}

func TestAnExtensionRefusedByAMajorityIsALoss(t *testing.T) {
	for _, taken := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			l, store := newLocker(t, distlock.Config{})
			h := acquire(t, l)
			if taken {
				store.hold("k", time.Hour)
			} else {
				store.drop("k")
			}
			err := h.Extend(context.Background(), 0)
			require.ErrorIs(t, err, distlock.ErrLost)
			var invalid *distlock.InvalidLockError
			require.ErrorAs(t, err, &invalid)
			require.Equal(t, "extend", invalid.Op)
			requireOver(t, h, distlock.ErrLost)
			require.ErrorIs(t, h.Release(context.Background()), distlock.ErrLost)
		})
	}
}

func TestAnUnansweredExtensionLeavesTheOldEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{TTL: 10 * time.Second})
		h := acquire(t, l)
		until := h.ValidUntil()
		store.answers("extend", distlock.Unanswered)
		err := h.Extend(context.Background(), time.Minute)
		require.ErrorIs(t, err, distlock.ErrUnavailable)
		require.ErrorContains(t, err, "memory: unreachable")
		var invalid *distlock.InvalidLockError
		require.False(t, errors.As(err, &invalid))
		require.True(t, h.IsHeld())
		require.WithinDuration(t, until, h.ValidUntil(), time.Microsecond)

		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		defer cancel()
		err = h.Extend(ctx, 0)
		require.ErrorIs(t, err, distlock.ErrUnavailable)
		require.ErrorIs(t, err, context.DeadlineExceeded, "the caller's own")
		store.answers("extend", distlock.Agreed)
		require.NoError(t, h.Extend(context.Background(), 0))
		require.NoError(t, h.Release(context.Background()))
	})
}

func TestContextEndsWithItsParentAndWithTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := newLocker(t, distlock.Config{})
		h := acquire(t, l)
		parent, end := context.WithCancel(context.Background())
		a, cancelA := h.Context(parent)
		defer cancelA()
		b, cancelB := h.Context(context.Background())
		defer cancelB()
		c, cancelC := h.Context(context.Background())
		cancelC()
		require.ErrorIs(t, context.Cause(c), context.Canceled)
		end()
		<-a.Done()
		require.ErrorIs(t, context.Cause(a), context.Canceled)
		require.NoError(t, b.Err())
		require.NoError(t, h.Release(context.Background()))
		require.ErrorIs(t, context.Cause(b), distlock.ErrReleased)
		late, cancelLate := h.Context(context.Background())
		defer cancelLate()
		require.ErrorIs(t, context.Cause(late), distlock.ErrReleased)
	})
}
