package distlock_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/clock"
)

func TestARenewedLeaseIsHeldForAsLongAsItIsWanted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{TTL: 30 * time.Second})
		h := acquire(t, l, distlock.WithAutoExtend())
		time.Sleep(time.Hour + time.Second)
		require.True(t, h.IsHeld())
		require.Equal(t, 360, h.Info().Extensions, "every third of the TTL")
		require.NoError(t, h.Release(context.Background()))
		time.Sleep(time.Hour)
		require.Len(t, store.made("extend"), 360, "and no more after the release")
	})
}

func TestUnansweredRenewalsAreRetriedAndTheLeaseEndsAtItsOldEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{TTL: 6 * time.Second})
		h := acquire(t, l, distlock.WithAutoExtend())
		until := h.ValidUntil()
		ctx, cancel := h.Context(context.Background())
		defer cancel()
		store.answers("extend", distlock.Unanswered)
		<-h.Done()
		require.False(t, time.Now().After(until))
		require.WithinDuration(t, until, time.Now(), 10*time.Millisecond)
		require.ErrorIs(t, context.Cause(ctx), distlock.ErrLost)
		require.Greater(t, len(store.made("extend")), 5)
		require.Less(t, len(store.made("extend")), 100, "no hot loop")
		require.ErrorIs(t, h.Release(context.Background()), distlock.ErrLost)
	})
}

func TestARejectedRenewalDoesNotSpin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{TTL: 6 * time.Second})
		h := acquire(t, l, distlock.WithAutoExtend())
		store.answers("extend", distlock.Rejected)
		store.delays("extend", time.Millisecond) // time passes, however often it is asked
		<-h.Done()
		require.Less(t, len(store.made("extend")), 200)
		require.ErrorIs(t, h.Release(context.Background()), distlock.ErrLost)
	})
}

func TestARenewalThatComesThroughInTimeKeepsTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{TTL: 6 * time.Second})
		h := acquire(t, l, distlock.WithAutoExtend())
		time.Sleep(time.Second)
		store.answers("extend", distlock.Unanswered)
		time.Sleep(4 * time.Second)
		store.answers("extend", distlock.Agreed)
		time.Sleep(time.Minute)
		require.True(t, h.IsHeld())
		require.NoError(t, h.Release(context.Background()))
	})
}

func TestALeaseTakenByHandIsLostWithinOneRenewalPeriod(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{TTL: 30 * time.Second})
		h := acquire(t, l, distlock.WithAutoExtend())
		done := h.Done()
		time.Sleep(time.Minute)
		store.drop("k")
		start := time.Now()
		<-done
		require.LessOrEqual(t, time.Since(start), 10*time.Second)
		require.ErrorIs(t, h.Err(), distlock.ErrLost)
		require.ErrorIs(t, h.Release(context.Background()), distlock.ErrLost)
	})
}

func TestARenewalThatASuspendHeldUpIsMadeOnWaking(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{TTL: 30 * time.Second})
		h := acquire(t, l, distlock.WithAutoExtend())
		time.Sleep(time.Second)
		clock.SimulateSuspend(25 * time.Second)
		time.Sleep(2 * time.Second) // asleep the node's keys had 25 s less; in the bubble they have not
		require.Len(t, store.made("extend"), 1)
		time.Sleep(time.Minute)
		require.True(t, h.IsHeld())
		require.NoError(t, h.Release(context.Background()))
	})
}

func TestMaxHoldLetsTheLeaseRunOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{TTL: 30 * time.Second})
		h := acquire(t, l, distlock.WithMaxHold(10*time.Minute))
		defer h.Release(context.Background()) // else a renewal that goes on keeps the bubble from ending
		start := time.Now()
		select {
		case <-h.Done():
		case <-time.After(time.Hour):
			require.Fail(t, "the lease is still renewed")
		}
		require.Greater(t, time.Since(start), 10*time.Minute)
		require.LessOrEqual(t, time.Since(start), 10*time.Minute+30*time.Second)
		require.ErrorIs(t, h.Err(), distlock.ErrLost)
		time.Sleep(time.Minute)
		require.Empty(t, store.owner("k"))
	})
}

func TestASuspendJustBeforeARenewalDoesNotRenewTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{TTL: 30 * time.Second})
		h := acquire(t, l, distlock.WithAutoExtend())
		for n := 1; n <= 50; n++ {
			time.Sleep(9500 * time.Millisecond)
			clock.SimulateSuspend(2 * time.Millisecond) // both timers are due at the same moment now
			time.Sleep(500 * time.Millisecond)
			synctest.Wait()
			require.LessOrEqual(t, len(store.made("extend")), n)
		}
		require.True(t, h.IsHeld())
		require.Greater(t, len(store.made("extend")), 45)
		require.NoError(t, h.Release(context.Background()))
	})
}
