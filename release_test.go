package distlock_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
)

func TestExtendedAfterReleaseIsErrReleased(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{})
		h := acquire(t, l)
		require.NoError(t, h.Release(context.Background()))
		requireOver(t, h, distlock.ErrReleased)
		err := h.Extend(context.Background(), 0)
		require.ErrorIs(t, err, distlock.ErrReleased)
		var invalid *distlock.InvalidLockError
		require.ErrorAs(t, err, &invalid)
		require.Empty(t, store.made("extend"))
	})
}

func TestReleaseIsIdempotentAndSafeForConcurrentUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{})
		h := acquire(t, l)
		store.delays("release", 50*time.Millisecond)
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if err := h.Release(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.NoError(t, h.Release(context.Background()))
		require.Len(t, store.made("release"), 1)
		require.Empty(t, store.owner("k"))
	})
}

func TestReleaseWorksOnACancelledContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{})
		h := acquire(t, l)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		require.NoError(t, h.Release(ctx))
		require.Empty(t, store.owner("k"))
	})
}

func TestReleasedAfterExpiryIsErrLostAndLeavesTheOtherOwnersKey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{TTL: time.Second})
		h := acquire(t, l)
		time.Sleep(2 * time.Second)
		other := acquire(t, l)
		err := h.Release(context.Background())
		require.ErrorIs(t, err, distlock.ErrLost)
		var invalid *distlock.InvalidLockError
		require.ErrorAs(t, err, &invalid)
		require.Equal(t, "release", invalid.Op)
		require.Equal(t, other.Token(), store.owner("k"))
		require.NoError(t, h.Release(context.Background()), "nothing is left to do")
		require.NoError(t, other.Release(context.Background()))
	})
}

func TestAnUnansweredReleaseEndsTheLeaseAndCanBeTriedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{})
		h := acquire(t, l)
		store.answers("release", distlock.Unanswered)
		err := h.Release(context.Background())
		require.ErrorIs(t, err, distlock.ErrUnavailable)
		require.ErrorContains(t, err, "memory: unreachable")
		requireOver(t, h, distlock.ErrReleased)
		store.drop("k") // it was carried out, and the answer lost
		store.answers("release", distlock.Agreed)
		require.NoError(t, h.Release(context.Background()))
		require.True(t, store.made("release")[1].req.Repeated)
	})
}

func TestReleaseEndsAnExtensionUnderWayBeforeItDeletes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{})
		h := acquire(t, l)
		store.delays("extend", 150*time.Millisecond)
		extended := make(chan error)
		go func() { extended <- h.Extend(context.Background(), 0) }()
		synctest.Wait()
		start := time.Now()
		require.NoError(t, h.Release(context.Background()))
		require.Zero(t, time.Since(start), "the extension was given up, not awaited")
		require.ErrorIs(t, <-extended, distlock.ErrReleased)
		require.Empty(t, store.owner("k"))
	})
}

func TestARepeatedReleaseSucceedsThoughAnotherHasTheKeyByNow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{})
		h := acquire(t, l)
		store.answers("release", distlock.Unanswered)
		require.ErrorIs(t, h.Release(context.Background()), distlock.ErrUnavailable)
		store.answers("release", distlock.Agreed)
		store.hold("k", time.Minute) // the release was carried out, and a waiter came
		require.NoError(t, h.Release(context.Background()))
		require.Equal(t, "another", store.owner("k"))
	})
}
