package distlock

import (
	"context"
	"time"

	"github.com/lilith/distlock/internal/clock"
)

// A vigil is one acquisition's waiting, on its caller's goroutine.
type vigil struct {
	a     *acquisition
	ctx   context.Context
	w     *waiter
	timer *time.Timer // made when first needed: most who wait are woken
	tried bool        // an attempt of its own has failed since it last slept
	stop  func()      // ends the notifications, where there are any
	left  bool        // it is in no queue
}

// look makes an attempt for everybody who waits.
func (v *vigil) look() *Handle {
	v.tried = true
	began := clock.Now()
	h := v.a.attempt(v.ctx)
	if h != nil || v.ctx.Err() != nil {
		v.end()
		return h
	}
	v.a.l.queues.lookedAt(v.w, began)
	return nil
}

// sleep waits until there is something to do. It reports false where the waiting is
// over.
func (v *vigil) sleep(s step) bool {
	if v.tried {
		v.tried = false
		v.announce(s)
	}
	var due <-chan time.Time
	if s.sleep > 0 {
		if v.timer == nil {
			v.timer = time.NewTimer(s.sleep)
		} else {
			v.timer.Reset(s.sleep)
		}
		due = v.timer.C
	}
	select {
	case <-due:
		return true
	case <-v.w.signal:
		return true
	case <-v.ctx.Done():
		return false
	case <-v.a.l.closed:
		return false
	}
}

// announce tells that an attempt failed and the waiting goes on, and has the nodes tell
// when the lock is free.
func (v *vigil) announce(s step) {
	a := v.a
	if a.l.trace.Waiting != nil {
		a.l.trace.Waiting(Event{Key: a.key, Attempt: s.attempts, Delay: s.sleep, TTL: a.ttl, Err: s.verdict.err()})
	}
	if a.l.cfg.NoWakeups || !s.first || s.verdict != Denied {
		return
	}
	if v.stop != nil {
		v.stop()
	}
	v.stop = a.l.store.Await(Request{
		Key: a.wire, NodeTimeout: a.nodeTimeout, Waited: clock.Since(v.w.came),
		TTL: max(placeKept, 2*a.l.cfg.MaxRetryDelay),
	}, func() { a.l.queues.mayBeFree(a.wire) })
}

// placeKept is how long a place in a node's queue is kept after it was last taken.
const placeKept = time.Minute

// end leaves the queue, and gives back what was handed over in the last moment.
func (v *vigil) end() {
	if v.timer != nil {
		v.timer.Stop()
	}
	if v.stop != nil {
		v.stop()
		v.stop = nil
	}
	if v.left {
		return
	}
	v.left = true
	if t := v.a.l.queues.leave(v.w); t != nil && t.result.Verdict == Agreed {
		v.a.abandon(v.ctx, t.try.req)
		v.a.l.queues.mayBeFree(v.a.wire)
	}
}
