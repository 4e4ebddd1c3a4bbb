package redlock_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
)

func TestS17AHungMinorityIsNotWaitedFor(t *testing.T) {
	for name, c := range map[string]struct{ nodes, hung int }{
		"one of three": {3, 1}, "one of five": {5, 1}, "two of five": {5, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, c.nodes)
			l := r.locker(patient)
			r.warm(l)
			for i := range c.hung {
				r.freeze(i)
			}
			requirePrompt(t, func() {
				for range 20 {
					h, err := l.Acquire(background, "k")
					require.NoError(t, err)
					require.NoError(t, h.Extend(background, 0))
					locked, err := l.IsLocked(background, "k")
					require.NoError(t, err)
					require.True(t, locked)
					require.NoError(t, h.Release(background))
				}
			})
			for i := range c.hung {
				r.thaw(i)
			}
			r.requireGone()
		})
	}
}

// More locks come and go than a node's clean-up can remember.
func TestS17ThousandsOfLocksBesideAHungNodeLeaveNoKeyOnIt(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3)
	l := r.lockerOver(r.ownClients(), distlock.Config{TTL: time.Hour})
	r.warm(l)
	r.freeze(2)
	var wg sync.WaitGroup
	for g := range 10 {
		wg.Go(func() {
			for i := range 1000 {
				h, err := l.WaitForLock(background, fmt.Sprintf("k%d.%d", g, i), time.Minute)
				if err != nil {
					t.Error(err)
					return
				}
				// On a busy machine another node may seem to hang too.
				if err := h.Release(background); err != nil && !errors.Is(err, distlock.ErrUnavailable) {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	r.thaw(2)
	// The requests that left lay on the connections of one pool: far fewer than the locks.
	r.servers[2].Await(func() bool { return len(r.servers[2].Do("keys", "*:dead:*").([]any)) > 0 })
	r.servers[2].Await(func() bool { return len(r.servers[2].Do("keys", "k*").([]any)) == 0 })
}

func TestS18AHungMajorityCostsTheNodeTimeoutAndKeepsNoKey(t *testing.T) {
	sizes(t, func(t *testing.T, r *rig) {
		l := r.locker(distlock.Config{TTL: 5 * time.Second, MaxRetries: distlock.NoRetries})
		r.warm(l)
		hung := make([]int, len(r.servers)/2+1)
		for i := range hung {
			hung[i] = i
		}
		r.freeze(hung...)
		for range 3 { // on open connections, and on new ones
			start := time.Now()
			_, err := l.Acquire(background, "k")
			require.ErrorIs(t, err, distlock.ErrUnavailable)
			require.ErrorContains(t, err, "within 200ms")
			require.Less(t, time.Since(start), 3*time.Second, "go-redis alone waits for 5 s and longer")
		}
		for i := len(hung); i < len(r.servers); i++ {
			r.servers[i].Await(func() bool { return r.value(i) == "" }) // the others still hung
		}
		r.thaw(hung...)
		r.requireGone()
	})
}

func TestS18TheLossIsSignalledOnTimeThoughAMajorityFreezes(t *testing.T) {
	sizes(t, func(t *testing.T, r *rig) {
		l := r.locker(distlock.Config{TTL: 3 * time.Second})
		h, err := l.Acquire(background, "k", distlock.WithAutoExtend())
		require.NoError(t, err)
		ctx, cancel := h.Context(background)
		defer cancel()
		for i := range len(r.servers)/2 + 1 {
			r.freeze(i)
		}
		<-h.Done()
		require.WithinDuration(t, h.ValidUntil(), time.Now(), time.Second)
		require.ErrorIs(t, h.Err(), distlock.ErrLost)
		require.ErrorIs(t, context.Cause(ctx), distlock.ErrLost)
	})
}

// What the loss signal is measured on: were the key to end first, another could hold it
// before the holder knows.
func TestALeaseEndsBeforeItsKeyDoesOnEveryNode(t *testing.T) {
	sizes(t, func(t *testing.T, r *rig) {
		h, err := r.locker(calm).Acquire(background, "k")
		require.NoError(t, err)
		r.requireEverywhere(h)
		for _, ttl := range []time.Duration{0, time.Minute, time.Second} { // the last changes nothing
			if ttl > 0 {
				require.NoError(t, h.Extend(background, ttl))
			}
			for _, s := range r.servers {
				s.Await(func() bool { // a straggler may be on its way
					end, _ := s.Do("pexpiretime", "k").(int64)
					return time.UnixMilli(end).After(h.ValidUntil())
				})
			}
		}
		require.NoError(t, h.Release(background))
	})
}

func TestS19ACancelledAcquisitionReturnsAndLeavesNothing(t *testing.T) {
	for name, n := range map[string]int{"three nodes": 3, "five nodes": 5} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, n)
			l := r.locker(patient)
			r.warm(l)
			var hung []int
			for i := range n/2 + 1 {
				hung = append(hung, i)
			}
			r.freeze(hung...)
			ctx, cancel := context.WithCancel(background)
			time.AfterFunc(20*time.Millisecond, cancel)
			requirePrompt(t, func() {
				_, err := l.Acquire(ctx, "k")
				require.ErrorIs(t, err, context.Canceled)
				require.ErrorIs(t, err, distlock.ErrUnavailable)
			})
			r.thaw(hung...)
			r.requireGone()
		})
	}
	t.Run("one node", func(t *testing.T) {
		t.Parallel()
		r := newRig(t, 1)
		l := r.locker(distlock.Config{})
		r.warm(l)
		r.freeze(0)
		ctx, cancel := context.WithTimeout(background, 20*time.Millisecond)
		defer cancel()
		start := time.Now()
		_, err := l.Acquire(ctx, "k")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Less(t, time.Since(start), 3*time.Second)
		r.thaw(0)
		r.requireGone()
	})
}

func TestS28CancelledWaitsOnHungNodesLeaveNothingBehind(t *testing.T) {
	r := newRig(t, 5) // not parallel: it counts the process's goroutines
	l := r.lockerOver(r.ownClients(), distlock.Config{MaxRetries: distlock.RetryForever, RetryDelay: 10 * time.Millisecond})
	r.warm(l)
	before := runtime.NumGoroutine()
	r.freeze(0, 1, 2)
	var wg sync.WaitGroup
	for range 500 {
		wg.Go(func() {
			ctx, cancel := context.WithTimeout(background, 300*time.Millisecond)
			defer cancel()
			_, err := l.Acquire(ctx, "k")
			if err == nil {
				t.Error("acquired on two of five")
			}
		})
	}
	wg.Wait()
	start := time.Now()
	require.NoError(t, l.Close())
	require.Less(t, time.Since(start), 4*time.Second, "Close is bounded by two seconds")
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= before+5 }, 20*time.Second, 10*time.Millisecond,
		"goroutines: %d before", before)
	r.thaw(0, 1, 2)
}
