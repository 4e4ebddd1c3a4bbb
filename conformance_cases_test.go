package distlock_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
)

func acquireHoldRelease(t *testing.T, b bed) {
	l := b.locker(t, distlock.Config{KeyPrefix: "p:"})
	h, err := l.Acquire(background, "k")
	require.NoError(t, err)
	require.True(t, h.IsHeld())
	require.Positive(t, h.FencingToken())
	held := 0
	for _, v := range b.values(t, "p:k") {
		if v == h.Token() {
			held++
		}
	}
	require.GreaterOrEqual(t, held, b.majority())
	require.NoError(t, h.Release(background))
	require.NoError(t, h.Release(background))
	b.requireFree(t, "p:k")
}

func secondOwner(t *testing.T, b bed) {
	l := b.locker(t, distlock.Config{MaxRetries: 1, RetryDelay: time.Millisecond})
	h, err := l.Acquire(background, "k")
	require.NoError(t, err)
	_, err = b.locker(t, distlock.Config{}).TryAcquire(background, "k")
	require.ErrorIs(t, err, distlock.ErrHeld)
	_, err = l.Acquire(background, "k")
	require.ErrorIs(t, err, distlock.ErrHeld)
	require.NoError(t, h.Extend(background, 0), "still mine")
	require.NoError(t, h.Release(background))
}

func extendLengthens(t *testing.T, b bed) {
	l := b.locker(t, distlock.Config{TTL: 5 * time.Second})
	h, err := l.Acquire(background, "k")
	require.NoError(t, err)
	require.NoError(t, h.Extend(background, time.Hour))
	require.NoError(t, h.Extend(background, time.Second), "and does not shorten")
	long := 0
	for _, c := range b.clients {
		ttl, err := c.PTTL(background, "k").Result()
		require.NoError(t, err)
		if ttl > 59*time.Minute {
			long++
		}
	}
	require.GreaterOrEqual(t, long, b.majority())
	require.Greater(t, time.Until(h.ValidUntil()), 50*time.Minute)
	require.NoError(t, h.Release(background))
}

func expiredLease(t *testing.T, b bed) {
	l := b.locker(t, distlock.Config{})
	h, err := l.WaitForLock(background, "k", time.Minute, distlock.WithTTL(150*time.Millisecond))
	require.NoError(t, err)
	<-h.Done()
	require.ErrorIs(t, h.Err(), distlock.ErrLost)
	other, err := l.WaitForLock(background, "k", time.Minute)
	require.NoError(t, err)
	require.Greater(t, other.FencingToken(), h.FencingToken())
	require.ErrorIs(t, h.Extend(background, 0), distlock.ErrLost)
	require.ErrorIs(t, h.Release(background), distlock.ErrLost)
	require.NoError(t, other.Extend(background, 0), "the other's key is untouched")
	require.NoError(t, other.Release(background))
}

func deletedByHand(t *testing.T, b bed) {
	l := b.locker(t, distlock.Config{})
	h, err := l.Acquire(background, "k")
	require.NoError(t, err)
	b.requireEverywhere(t, "k", h.Token()) // a grant still on its way would set the key anew
	for _, c := range b.clients {
		require.NoError(t, c.Del(background, "k").Err())
	}
	require.ErrorIs(t, h.Extend(background, 0), distlock.ErrLost)
	require.False(t, h.IsHeld())
	b.requireFree(t, "k")
	require.ErrorIs(t, h.Release(background), distlock.ErrLost)
}

func waiterGetsIt(t *testing.T, b bed) {
	l := b.locker(t, distlock.Config{RetryDelay: 5 * time.Millisecond, MaxRetryDelay: 20 * time.Millisecond})
	h, err := l.Acquire(background, "k")
	require.NoError(t, err)
	got := make(chan error, 1)
	go func() {
		other, err := l.WaitForLock(background, "k", time.Minute)
		if err == nil {
			err = other.Release(background)
		}
		got <- err
	}()
	require.NoError(t, h.Release(background))
	require.NoError(t, <-got)
}

func wrongType(t *testing.T, b bed) {
	for _, c := range b.clients {
		require.NoError(t, c.HSet(background, "k", "f", "v").Err())
	}
	l := b.locker(t, distlock.Config{MaxRetries: distlock.RetryForever})
	_, err := l.Acquire(background, "k")
	require.ErrorIs(t, err, distlock.ErrRejected)
	require.ErrorContains(t, err, "WRONGTYPE")
	_, err = l.IsLocked(background, "k")
	require.ErrorIs(t, err, distlock.ErrRejected)
}

func inspectTells(t *testing.T, b bed) {
	l := b.locker(t, distlock.Config{TTL: time.Minute})
	status, err := l.Inspect(background, "k")
	require.NoError(t, err)
	require.False(t, status.Locked)
	require.Empty(t, status.Token)
	require.Len(t, status.Votes, len(b.clients))
	h, err := l.Acquire(background, "k")
	require.NoError(t, err)
	require.Eventually(t, func() bool { // a straggler may be on its way
		status, err = l.Inspect(background, "k")
		return err == nil && status.FencingToken == h.FencingToken()
	}, 10*time.Second, time.Millisecond)
	require.True(t, status.Locked)
	require.Equal(t, h.Token(), status.Token)
	require.InDelta(t, time.Minute, status.Remaining, float64(30*time.Second))
	require.NoError(t, h.Release(background))
	locked, err := l.IsLocked(background, "k")
	require.NoError(t, err)
	require.False(t, locked)
}

func emptyValue(t *testing.T, b bed) {
	for _, c := range b.clients {
		require.NoError(t, c.Set(background, "k", "", time.Minute).Err())
	}
	l := b.locker(t, distlock.Config{})
	_, err := l.TryAcquire(background, "k")
	require.ErrorIs(t, err, distlock.ErrHeld)
	locked, err := l.IsLocked(background, "k")
	require.NoError(t, err)
	require.True(t, locked)
}

func oddKeys(t *testing.T, b bed) {
	l := b.locker(t, distlock.Config{})
	for _, key := range []string{"a b", "{user:1}:export", "a}b", "{}x", "x{y", "\x00\xff", "naïve ключ", "k:fence"} {
		h, err := l.Acquire(background, key)
		require.NoError(t, err, "%q", key)
		_, err = l.TryAcquire(background, key)
		require.ErrorIs(t, err, distlock.ErrHeld, "%q", key)
		require.NoError(t, h.Release(background), "%q", key)
	}
}

func everyKeyExpires(t *testing.T, b bed) {
	l := b.locker(t, distlock.Config{TTL: time.Second})
	h, err := l.Acquire(background, "k")
	require.NoError(t, err)
	require.NoError(t, h.Extend(background, time.Minute))
	_, err = l.TryAcquire(background, "k")
	require.ErrorIs(t, err, distlock.ErrHeld)
	require.NoError(t, h.Release(background))
	for _, c := range b.clients {
		keys, err := c.Keys(background, "*").Result()
		require.NoError(t, err)
		for _, key := range keys {
			ttl, err := c.PTTL(background, key).Result()
			require.NoError(t, err)
			require.NotEqual(t, time.Duration(-1), ttl, "%q has no TTL", key)
			require.LessOrEqual(t, ttl, 7*24*time.Hour)
		}
	}
}

func tokensRise(t *testing.T, b bed) {
	var inside atomic.Int32
	var mu sync.Mutex
	var last int64
	var wg sync.WaitGroup
	for range 4 {
		l := b.locker(t, distlock.Config{
			MaxRetries: distlock.RetryForever, RetryDelay: 2 * time.Millisecond, MaxRetryDelay: 20 * time.Millisecond,
		})
		wg.Go(func() {
			for range 10 {
				h, err := l.Acquire(background, "k")
				if err != nil {
					t.Error(err)
					return
				}
				if inside.Add(1) != 1 {
					t.Error("two holders")
				}
				mu.Lock()
				if h.FencingToken() <= last {
					t.Errorf("token %d after %d", h.FencingToken(), last)
				}
				last = h.FencingToken()
				mu.Unlock()
				inside.Add(-1)
				if err := h.Release(background); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func doRenews(t *testing.T, b bed) {
	l := b.locker(t, distlock.Config{TTL: 2 * time.Second})
	err := l.Do(background, "k", func(ctx context.Context) error {
		select {
		case <-time.After(3 * time.Second):
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	})
	require.NoError(t, err)
	b.requireFree(t, "k")
}

func plainSetNX(t *testing.T, b bed) {
	l := b.locker(t, distlock.Config{})
	for _, c := range b.clients {
		require.NoError(t, c.SetNX(background, "k", "a peer's token", time.Minute).Err())
	}
	_, err := l.TryAcquire(background, "k")
	require.ErrorIs(t, err, distlock.ErrHeld)
	for _, c := range b.clients {
		require.NoError(t, c.Del(background, "k").Err())
	}
	h, err := l.Acquire(background, "k")
	require.NoError(t, err)
	refused := 0
	for _, c := range b.clients {
		set, err := c.SetNX(background, "k", "a peer's token", time.Minute).Result()
		require.NoError(t, err)
		if !set {
			refused++
		}
	}
	require.GreaterOrEqual(t, refused, b.majority())
	require.NoError(t, h.Release(background))
}
