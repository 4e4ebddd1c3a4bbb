package redlock_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/clock"
)

// pausing holds up every answer that comes while it is on, as a paused process
// leaves them in its buffers.
type pausing struct {
	mu     sync.Mutex
	resume chan struct{}
	held   chan struct{} // one for each answer held up
}

func (p *pausing) pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.resume, p.held = make(chan struct{}), make(chan struct{}, 100)
}

func (p *pausing) DialHook(next redis.DialHook) redis.DialHook { return next }
func (p *pausing) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func (p *pausing) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		p.mu.Lock()
		resume, held := p.resume, p.held
		p.mu.Unlock()
		if resume != nil && cmd.Name() != "hello" && cmd.Name() != "client" {
			held <- struct{}{}
			<-resume
		}
		return err
	}
}

func TestS6GrantsReadAfterTheKeysExpiredAreNoLease(t *testing.T) {
	// Not parallel: it moves the process's clock.
	for name, n := range map[string]int{"one node": 1, "three nodes": 3, "five nodes": 5} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, n)
			p := &pausing{}
			clients := make([]redis.UniversalClient, n)
			for i, s := range r.servers {
				// go-redis calls hooks only where a context's deadline bounds the
				// request; else the library asks through a clone, which has none.
				c := redis.NewClient(&redis.Options{Addr: s.Addr(), ContextTimeoutEnabled: true})
				t.Cleanup(func() { _ = c.Close() })
				c.AddHook(p)
				clients[i] = c
			}
			first := r.lockerOver(clients, patient)
			r.warm(first)
			p.pause()
			refused := make(chan error, 1)
			go func() {
				_, err := first.TryAcquire(background, "k")
				refused <- err
			}()
			for range n {
				<-p.held // granted, and not yet read
			}
			clock.SimulateSuspend(patient.TTL)
			r.expire()
			second, err := r.locker(calm).Acquire(background, "k")
			require.NoError(t, err)

			p.mu.Lock()
			close(p.resume)
			p.resume = nil
			p.mu.Unlock()
			err = <-refused
			require.ErrorIs(t, err, distlock.ErrUnavailable)
			require.ErrorContains(t, err, "too late")
			require.NoError(t, second.Extend(background, 0), "the second owner's keys are untouched")
			require.NoError(t, second.Release(background))
		})
	}
}

func TestS8AnAcquisitionAsLongAsItsLeaseFailsAndIsReleased(t *testing.T) {
	sizes(t, func(t *testing.T, r *rig) {
		l := r.locker(distlock.Config{TTL: 300 * time.Millisecond, NodeTimeout: 299 * time.Millisecond, MaxRetries: distlock.NoRetries})
		for _, p := range r.proxies {
			p.Delay(297 * time.Millisecond) // of a validity of 295 ms
		}
		_, err := l.Acquire(background, "k")
		require.ErrorIs(t, err, distlock.ErrUnavailable)
		for _, p := range r.proxies {
			p.Heal()
		}
		r.requireGone()
	})
}

func TestS11ALateReleaseLeavesTheNextOwnersKey(t *testing.T) {
	sizes(t, func(t *testing.T, r *rig) {
		first, err := r.locker(calm).Acquire(background, "k")
		require.NoError(t, err)
		r.expire()
		second, err := r.locker(calm).Acquire(background, "k")
		require.NoError(t, err)
		require.ErrorIs(t, first.Release(background), distlock.ErrLost)
		require.NoError(t, second.Extend(background, 0))
		require.NoError(t, second.Release(background))
		r.requireGone()
	})
}

func TestS12AGrantWhoseReplyWasLostIsFoundByTheRetry(t *testing.T) {
	sizes(t, func(t *testing.T, r *rig) {
		l := r.locker(patient)
		r.warm(l)
		for _, p := range r.proxies {
			p.DropNextReply()
		}
		before := time.Now()
		h, err := l.Acquire(background, "k")
		require.NoError(t, err)
		// From the first sending, less the drift: 60 s less 0.6 s and 2 ms.
		require.WithinDuration(t, before.Add(59398*time.Millisecond), h.ValidUntil(), time.Second)
		require.NoError(t, h.Release(background))
		r.requireGone()
	})
}

func TestS12AReplyCutInTheMiddleIsNoAnswer(t *testing.T) {
	sizes(t, func(t *testing.T, r *rig) {
		l := r.locker(patient)
		r.warm(l)
		for _, p := range r.proxies {
			p.CutNextReply()
		}
		h, err := l.Acquire(background, "k")
		require.NoError(t, err)
		require.NoError(t, h.Release(background))
		r.requireGone()
	})
}

func TestS13AStoppedNodeGoesOnWithoutAGhostKey(t *testing.T) {
	sizes(t, func(t *testing.T, r *rig) {
		l := r.locker(distlock.Config{MaxRetries: distlock.NoRetries})
		r.warm(l) // the request goes out on an open connection, and lies there
		all, before := make([]int, len(r.servers)), make([]int, len(r.servers))
		for i := range all {
			all[i], before[i] = i, calls(r, i)
		}
		r.freeze(all...)
		_, err := l.Acquire(background, "k")
		require.ErrorIs(t, err, distlock.ErrUnavailable)
		r.thaw(all...)
		for i, s := range r.servers {
			// Both the grant and its release have come, in whichever order.
			s.Await(func() bool { return calls(r, i) >= before[i]+2 && r.value(i) == "" })
		}
		h, err := l.Acquire(background, "k")
		require.NoError(t, err)
		require.NoError(t, h.Release(background))
	})
}

func TestS14AHolderSuspendedPastItsLeaseHoldsNothingOnWaking(t *testing.T) {
	r := newRig(t, 3) // not parallel: it moves the process's clock
	h, err := r.locker(calm).Acquire(background, "k", distlock.WithAutoExtend())
	require.NoError(t, err)
	clock.SimulateSuspend(time.Minute)
	require.False(t, h.IsHeld())
	require.ErrorIs(t, h.Extend(background, 0), distlock.ErrLost)
	<-h.Done()
	require.ErrorIs(t, h.Release(background), distlock.ErrLost)
	r.requireGone()
}

func TestS15ALeaseWonAfterALongWaitIsCountedFromItsOwnAttempt(t *testing.T) {
	sizes(t, func(t *testing.T, r *rig) {
		l := r.locker(distlock.Config{TTL: 3 * time.Second})
		first, err := l.WaitForLock(background, "k", time.Minute)
		require.NoError(t, err)
		second, err := l.WaitForLock(background, "k", time.Minute, distlock.WithTTL(30*time.Second))
		require.NoError(t, err)
		require.False(t, first.IsHeld(), "the waiter outlasted it")
		require.True(t, second.IsHeld())
		require.Greater(t, second.ValidUntil().Sub(first.ValidUntil()), 20*time.Second)
		require.Greater(t, second.FencingToken(), first.FencingToken())
		require.NoError(t, second.Release(background))
	})
}

// A register is a resource that checks fencing tokens.
type register struct {
	mu    sync.Mutex
	mark  int64
	value string
}

func (g *register) open(token int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if token < g.mark {
		return false
	}
	g.mark = token
	return true
}

func (g *register) write(token int64, value string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if token < g.mark {
		return false
	}
	g.mark, g.value = token, value
	return true
}

func TestS16ALateWriteIsRefusedOnceTheNextHolderHasOpened(t *testing.T) {
	sizes(t, func(t *testing.T, r *rig) {
		var resource register
		stale, err := r.locker(calm).Acquire(background, "k")
		require.NoError(t, err)
		require.True(t, resource.open(stale.FencingToken()))
		r.expire() // the holder does not know: it is paused
		next, err := r.locker(calm).Acquire(background, "k")
		require.NoError(t, err)
		require.Greater(t, next.FencingToken(), stale.FencingToken())
		require.True(t, resource.open(next.FencingToken()))
		require.False(t, resource.write(stale.FencingToken(), "stale"))
		require.True(t, resource.write(next.FencingToken(), "next"))
		require.NoError(t, next.Release(background))
	})
}
