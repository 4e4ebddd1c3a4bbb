package distlock

import (
	"context"
	"time"

	"github.com/lilith/distlock/internal/clock"
)

// A vigil is one acquisition's waiting, on its caller's goroutine. It lies in its waiter,
// and little on the stack.
type vigil struct {
	a     *acquisition
	ctx   context.Context
	w     *waiter
	timer *time.Timer // wakes; made when first needed: most who wait are woken by others
	leave func() bool // ends that the end of ctx wakes; nil where it has none
	tried bool        // an attempt of its own has failed since it last slept
	left  bool        // it is in no queue
	next  step
}

// keepVigil begins the waiting.
func (w *waiter) keepVigil(ctx context.Context) *vigil {
	w.vigil.ctx = ctx
	return &w.vigil
}

// queueUp waits behind whoever waits for the lock already, until it is handed on, an
// attempt succeeds, the attempts are used up, or the context ends.
func (v *vigil) queueUp() (*Handle, error) {
	defer v.end()
	if v.ctx.Done() != nil {
		v.leave = context.AfterFunc(v.ctx, v.w.wake)
	}
	for {
		v.a.l.queues.step(v.w, &v.next)
		switch s := &v.next; {
		case s.turn != nil:
			if h, over := v.take(s.turn); over {
				return h, v.failure(h)
			}
		case s.place == looking:
			if h := v.look(); h != nil {
				return h, nil
			}
		case s.place == out, s.place == gone:
			return nil, v.failure(nil)
		default:
			if !v.sleep() {
				v.end()
				return nil, v.failure(nil)
			}
		}
	}
}

// failure is why there is no lease, nil where there is one.
//
//go:noinline
func (v *vigil) failure(h *Handle) error {
	if h != nil {
		return nil
	}
	return v.a.failure(v.ctx)
}

// take makes a lease of what was handed over. It reports whether the waiting is over.
//
//go:noinline
func (v *vigil) take(t *turn) (_ *Handle, over bool) {
	v.left = true
	if h := v.a.conclude(v.ctx, t); h != nil {
		return h, true
	}
	// The lock was released, and perhaps granted and given back: somebody is to look.
	defer v.a.l.queues.mayBeFree(v.a.wire)
	if v.ctx.Err() != nil {
		return nil, true
	}
	v.a.l.queues.returns(v.w)
	v.left = false
	return nil, false
}

// look makes an attempt for everybody who waits.
func (v *vigil) look() *Handle {
	v.tried = true
	began := clock.Now()
	h := v.a.attempt(v.ctx)
	if h != nil || v.ctx.Err() != nil {
		v.end()
		if h == nil {
			v.a.l.queues.mayBeFree(v.a.wire) // what woke him is the next one's
		}
		return h
	}
	v.a.l.queues.lookedAt(v.w, began)
	return nil
}

// sleep waits until there is something to do. It reports false where the waiting is
// over. Whatever may be to do comes as one signal: to select among four channels takes a
// quarter of a small stack.
func (v *vigil) sleep() bool {
	s := &v.next
	if v.tried {
		v.tried = false
		v.announce(s)
	}
	if s.sleep > 0 {
		if v.timer == nil {
			v.timer = time.AfterFunc(s.sleep, v.w.wake) // end stops it
		} else {
			v.timer.Reset(s.sleep)
		}
	}
	if v.isOver() { // before Close wakes who waits, or after
		return false
	}
	<-v.w.signal
	return !v.isOver()
}

func (v *vigil) isOver() bool { return v.ctx.Err() != nil || v.a.l.isClosed() }

// announce tells that an attempt failed and the waiting goes on, and has the nodes tell
// when the lock is free.
func (v *vigil) announce(s *step) {
	a := v.a
	if a.l.trace.Waiting != nil {
		a.l.trace.Waiting(Event{Key: a.key, Attempt: s.attempts, Delay: s.sleep, TTL: a.ttl, Err: s.verdict.err()})
	}
	if a.l.cfg.NoWakeups || !s.first || s.verdict != Denied {
		return
	}
	// For whoever is the first when they come.
	queues, key := &a.l.queues, a.wire
	req := Request{
		Key: key, NodeTimeout: a.nodeTimeout, Waited: clock.Since(v.w.came),
		TTL: max(placeKept, 2*a.l.cfg.MaxRetryDelay),
	}
	queues.listen(key, func() (stop func()) {
		return a.l.store.Await(req, func() { queues.mayBeFree(key) })
	})
}

// placeKept is how long a place in a node's queue is kept after it was last taken.
const placeKept = time.Minute

// end leaves the queue, and gives back what was handed over in the last moment.
func (v *vigil) end() {
	if v.timer != nil {
		v.timer.Stop()
	}
	if v.leave != nil {
		v.leave()
	}
	if v.left {
		return
	}
	v.left = true
	if t := v.a.l.queues.leave(v.w); t != nil {
		if t.result.Verdict == Agreed {
			v.a.abandon(v.ctx, t.try.req)
		}
		v.a.l.queues.mayBeFree(v.a.wire)
	}
}
