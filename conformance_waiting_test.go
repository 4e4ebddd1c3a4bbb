package distlock_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
)

// never is a wait between attempts that no test outlasts: who gets the lock before was
// told.
const never = time.Hour

var untilTold = distlock.Config{
	MaxRetries: distlock.RetryForever, RetryDelay: never, MaxRetryDelay: never, TTL: 2 * never,
	NodeTimeout: time.Minute, // how slow a busy machine is is not the subject
}

// waits begins to wait for "k" and returns where the handle comes out. It returns when l
// has made its first attempt, or is behind another who waits.
func waits(ctx context.Context, t *testing.T, l *distlock.Locker) <-chan *distlock.Handle {
	t.Helper()
	got := make(chan *distlock.Handle, 1)
	began := make(chan struct{})
	go func() {
		close(began)
		h, err := l.Acquire(ctx, "k")
		if err != nil && ctx.Err() == nil {
			t.Error(err)
		}
		got <- h
	}()
	<-began
	return got
}

func handedOnInAProcess(t *testing.T, b bed) {
	l := b.locker(t, untilTold)
	h, err := l.Acquire(background, "k")
	require.NoError(t, err)
	// Nobody waits before: a node that is slow to hear of h could grant the lock to a
	// waiter's first attempt, and has no part in h then.
	b.requireEverywhere(t, "k", h.Token())
	var order []<-chan *distlock.Handle
	for range 5 {
		order = append(order, waits(background, t, l))
		waiting := len(order)
		require.Eventually(t, func() bool { return distlock.Waiting(l) == waiting }, 10*time.Second, time.Millisecond)
	}
	for _, got := range order {
		require.NoError(t, h.Release(background))
		next := <-got
		require.Greater(t, next.FencingToken(), h.FencingToken())
		require.True(t, next.IsHeld())
		require.NotEqual(t, h.Token(), next.Token())
		b.requireEverywhere(t, "k", next.Token())
		h = next
	}
	require.NoError(t, h.Release(background))
	b.requireFree(t, "k")
}

func toldInAnotherProcess(t *testing.T, b bed) {
	h, err := b.locker(t, untilTold).Acquire(background, "k")
	require.NoError(t, err)
	b.requireEverywhere(t, "k", h.Token()) // or the other's first attempt may be granted by one
	other := b.locker(t, untilTold)
	got := waits(background, t, other)
	b.requireQueued(t, 1)
	require.NoError(t, h.Release(background))
	next := <-got
	require.Greater(t, next.FencingToken(), h.FencingToken())
	require.NoError(t, next.Release(background))
	b.requireFree(t, "k")
}

// requireQueued waits until n Lockers have their place at every node.
func (b bed) requireQueued(t *testing.T, n int64) {
	t.Helper()
	for _, c := range b.clients {
		require.Eventually(t, func() bool {
			return c.ZCard(background, "{k}:queue").Val() == n
		}, 10*time.Second, time.Millisecond, "a node's queue has not %d in it", n)
	}
}

func everyProcessIsServed(t *testing.T, b bed) {
	var workers sync.WaitGroup
	for range 4 {
		cfg := untilTold
		cfg.RetryDelay, cfg.MaxRetryDelay = 100*time.Millisecond, time.Second // a place may get lost
		l := b.locker(t, cfg)
		for range 3 {
			workers.Go(func() {
				for range 5 {
					h, err := l.Acquire(background, "k")
					if err != nil {
						t.Error(err)
						return
					}
					if err := h.Release(background); err != nil {
						t.Error(err)
					}
				}
			})
		}
	}
	workers.Wait()
	b.requireFree(t, "k")
}

func cancelledWaiter(t *testing.T, b bed) {
	l := b.locker(t, untilTold)
	h, err := l.Acquire(background, "k")
	require.NoError(t, err)
	ctx, cancel := context.WithCancelCause(background)
	got := waits(ctx, t, l)
	require.Eventually(t, func() bool { return distlock.Waiting(l) == 1 }, 10*time.Second, time.Millisecond)
	cancel(errors.New("enough"))
	require.Nil(t, <-got)
	require.Zero(t, distlock.Waiting(l))
	require.NoError(t, h.Release(background))
	b.requireFree(t, "k")
}

func cancelledBesideRelease(t *testing.T, b bed) {
	cfg := untilTold
	cfg.RetryDelay, cfg.MaxRetryDelay = time.Second, time.Second // what was given back late is nobody's to tell
	l := b.locker(t, cfg)
	for range 50 {
		h, err := l.Acquire(background, "k")
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(background)
		got := waits(ctx, t, l)
		require.Eventually(t, func() bool { return distlock.Waiting(l) == 1 }, 10*time.Second, time.Millisecond)
		go cancel()
		require.NoError(t, h.Release(background))
		if next := <-got; next != nil {
			require.NoError(t, next.Release(background))
		}
	}
	b.requireFree(t, "k")
}

func attemptsAreExact(t *testing.T, b bed) {
	h, err := b.locker(t, distlock.Config{}).Acquire(background, "k")
	require.NoError(t, err)
	l := b.locker(t, distlock.Config{MaxRetries: 2, RetryDelay: 20 * time.Millisecond})
	var waiters sync.WaitGroup
	for range 8 {
		waiters.Go(func() {
			_, err := l.Acquire(background, "k")
			var failed *distlock.AcquisitionError
			if !errors.As(err, &failed) || !errors.Is(err, distlock.ErrHeld) {
				t.Errorf("not held: %v", err)
				return
			}
			if failed.Attempts != 3 {
				t.Errorf("%d attempts", failed.Attempts)
			}
		})
	}
	waiters.Wait()
	require.NoError(t, h.Release(background))
}
