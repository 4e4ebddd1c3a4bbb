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

func TestAcquireMakesExactlyOneAndMaxRetriesAttempts(t *testing.T) {
	for retries, attempts := range map[int]int{0: 4, 1: 2, 7: 8, distlock.NoRetries: 1} {
		synctest.Test(t, func(t *testing.T) {
			l, store := newLocker(t, distlock.Config{MaxRetries: retries})
			store.hold("k", 24*time.Hour)
			_, err := l.Acquire(context.Background(), "k")
			require.ErrorIs(t, err, distlock.ErrHeld)
			var failed *distlock.AcquisitionError
			require.ErrorAs(t, err, &failed)
			require.Equal(t, attempts, failed.Attempts)
			require.Equal(t, "k", failed.Key)
			require.Len(t, store.made("acquire"), attempts)
			require.Len(t, failed.Votes, 1)
		})
	}
}

func TestEachAttemptHasATokenOfItsOwn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{MaxRetries: 20})
		store.hold("k", 24*time.Hour)
		_, err := l.Acquire(context.Background(), "k")
		require.ErrorIs(t, err, distlock.ErrHeld)
		seen := make(map[string]bool)
		for _, c := range store.made("acquire") {
			require.False(t, seen[c.req.Token])
			seen[c.req.Token] = true
		}
	})
}

func TestTryAcquireMakesOneAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{MaxRetries: distlock.RetryForever})
		store.hold("k", time.Hour)
		start := time.Now()
		_, err := l.TryAcquire(context.Background(), "k")
		require.ErrorIs(t, err, distlock.ErrHeld)
		require.Zero(t, time.Since(start))
		require.Len(t, store.made("acquire"), 1)
	})
}

func TestAPermanentRefusalFailsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{MaxRetries: distlock.RetryForever})
		store.err = errors.New("NOAUTH Authentication required.")
		store.answers("acquire", distlock.Rejected)
		start := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
		defer cancel()
		_, err := l.Acquire(ctx, "k")
		require.ErrorIs(t, err, distlock.ErrRejected)
		require.ErrorContains(t, err, "NOAUTH")
		require.Zero(t, time.Since(start))
		require.Len(t, store.made("acquire"), 1)
	})
}

func TestANodesOwnErrorIsEvidenceNotVerdict(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{MaxRetries: 1})
		store.err = context.DeadlineExceeded
		store.answers("acquire", distlock.Unanswered)
		_, err := l.Acquire(context.Background(), "k")
		require.ErrorIs(t, err, distlock.ErrUnavailable)
		require.NotErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "memory: ")
	})
}

func TestALeaseGrantedTooLateIsNoLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		l, err := distlock.New(store, distlock.Config{TTL: time.Second, NodeTimeout: 990 * time.Millisecond, MaxRetries: distlock.NoRetries})
		require.NoError(t, err)
		store.delays("acquire", 989*time.Millisecond) // of a validity of 988 ms
		_, err = l.Acquire(context.Background(), "k")
		require.ErrorIs(t, err, distlock.ErrUnavailable)
		require.ErrorContains(t, err, "too late")
		require.Empty(t, store.owner("k"), "given back")
		require.True(t, store.made("release")[0].req.Abandon)
	})
}

func TestTheLeaseCountsFromBeforeTheFirstRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{TTL: 10 * time.Second})
		store.delays("acquire", 150*time.Millisecond)
		start := time.Now()
		h, err := l.Acquire(context.Background(), "k")
		require.NoError(t, err)
		// 10 s less a hundredth, less 2 ms.
		require.WithinDuration(t, start.Add(9898*time.Millisecond), h.ValidUntil(), time.Millisecond)
		require.Equal(t, h.ValidUntil(), h.Info().ValidUntil)
		require.NoError(t, h.Release(context.Background()))
	})
}

func TestAShortTTLCapsTheNodeTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{})
		h, err := l.Acquire(context.Background(), "k", distlock.WithTTL(100*time.Millisecond))
		require.NoError(t, err)
		require.Equal(t, 50*time.Millisecond, store.made("acquire")[0].req.NodeTimeout)
		require.NoError(t, h.Release(context.Background()))
		require.Equal(t, 50*time.Millisecond, store.made("release")[0].req.NodeTimeout)

		h = acquire(t, l)
		require.NoError(t, h.Extend(context.Background(), 20*time.Millisecond))
		require.Equal(t, 200*time.Millisecond, store.made("extend")[0].req.NodeTimeout, "a short extension shortens nothing")
		require.NoError(t, h.Release(context.Background()))
	})
}

func TestThePrefixIsOnTheWireAndNotInWhatTheCallerSees(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{KeyPrefix: "app:"})
		h, err := l.Acquire(context.Background(), "k")
		require.NoError(t, err)
		require.Equal(t, "k", h.Key())
		require.Equal(t, h.Token(), store.owner("app:k"))
		_, err = l.TryAcquire(context.Background(), "k")
		require.ErrorContains(t, err, `"k"`)
		locked, err := l.IsLocked(context.Background(), "k")
		require.NoError(t, err)
		require.True(t, locked)
		require.NoError(t, h.Release(context.Background()))
	})
}

func TestFencingTokensRiseFromHolderToHolder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{})
		var last int64
		for range 100 {
			h, err := l.Acquire(context.Background(), "k")
			require.NoError(t, err)
			require.Greater(t, h.FencingToken(), last)
			last = h.FencingToken()
			store.mu.Lock()
			store.fence = 0 // the node forgets
			store.mu.Unlock()
			require.NoError(t, h.Release(context.Background()))
		}
		h, err := l.Acquire(context.Background(), "another key")
		require.NoError(t, err)
		require.Greater(t, h.FencingToken(), int64(0))
		require.NoError(t, h.Release(context.Background()))
	})
}

func TestASpoiledCounterOfOneKeyDoesNotSpoilTheHintsOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{})
		for _, c := range []struct {
			ahead time.Duration // of this process's clock, the key's counter
			taken bool
		}{
			{-time.Hour, false},
			{time.Hour - time.Minute, true},
			{time.Hour + time.Minute, false},
			{1000 * time.Hour, false},
		} {
			store.mu.Lock()
			store.fence = time.Now().Add(c.ahead).UnixMicro()
			store.mu.Unlock()
			var tokens [2]int64
			for i, key := range []string{"spoiled", "another"} {
				h, err := l.Acquire(context.Background(), key)
				require.NoError(t, err)
				tokens[i] = h.FencingToken()
				require.NoError(t, h.Release(context.Background()))
			}
			calls := store.made("acquire")
			hint := calls[len(calls)-1].req.FencingToken
			require.Equal(t, c.taken, hint > time.Now().Add(time.Minute).UnixMicro(), "%v", c.ahead)
			require.True(t, !c.taken || hint > tokens[0], "%v", c.ahead)
			l, store = newLocker(t, distlock.Config{})
		}
	})
}

func TestNoFencingLeavesTheTokenOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{NoFencing: true})
		h, err := l.Acquire(context.Background(), "k")
		require.NoError(t, err)
		require.Zero(t, h.FencingToken())
		require.Zero(t, store.made("acquire")[0].req.FencingToken)
		require.NoError(t, h.Release(context.Background()))
	})
}

func TestCloseEndsWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{MaxRetries: distlock.RetryForever})
		store.hold("k", time.Hour)
		time.AfterFunc(time.Minute, func() { _ = l.Close() })
		start := time.Now()
		_, err := l.Acquire(context.Background(), "k")
		require.Equal(t, time.Minute, time.Since(start))
		require.ErrorIs(t, err, distlock.ErrClosed)
		require.ErrorIs(t, err, distlock.ErrHeld)
	})
}

func TestAClosedLockerAcquiresNothingAndItsHandlesStayUsable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{})
		h, err := l.Acquire(context.Background(), "k", distlock.WithAutoExtend())
		require.NoError(t, err)
		require.NoError(t, l.Close())
		require.NoError(t, l.Close())
		_, err = l.Acquire(context.Background(), "other")
		require.ErrorIs(t, err, distlock.ErrClosed)
		time.Sleep(time.Hour)
		require.True(t, h.IsHeld())
		require.NoError(t, h.Release(context.Background()))
		require.Empty(t, store.owner("k"))
	})
}
