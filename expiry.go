package distlock

import (
	"errors"
	"time"

	"github.com/lilith/distlock/internal/clock"
)

// An ending is what is left to do, without the lock, once a lease has ended. Its
// zero value is nothing.
type ending struct {
	h     *Handle
	until time.Time
}

// announce calls the hook for a loss.
func (e ending) announce() {
	if e.h == nil {
		return
	}
	if hook := e.h.l.trace.Lost; hook != nil && !errors.Is(e.h.err, ErrReleased) {
		hook(Event{
			Key: e.h.key, Token: e.h.token, FencingToken: e.h.fencing, TTL: e.h.ttl,
			ValidUntil: e.until, Err: e.h.err,
		})
	}
}

// endLocked ends the lease with err, ErrReleased or an InvalidLockError, which is
// kept. The caller announces the result once it has let go of h.mu.
func (h *Handle) endLocked(err error) ending {
	h.err = err
	// Contexts first: who sees Done closed finds them ended.
	for w := range h.watchers {
		w.ended(err)
	}
	h.watchers = nil
	if h.done != nil {
		close(h.done)
	}
	if h.watch != nil {
		h.watch.Stop()
	}
	if h.renewal != nil {
		h.renewal.Stop()
	}
	return ending{h, h.validUntil}
}

// expireLocked ends the lease if its time is over. This, by the local clock, is
// the guarantee: it never depends on an answer.
func (h *Handle) expireLocked() ending {
	if h.err != nil || clock.Now().Before(h.until) {
		return ending{}
	}
	return h.endLocked(h.invalid("hold", ErrLost, nil))
}

const (
	// signalLead is how much before its end a lease is signalled as lost, so that
	// the signal is through by then: timers come a millisecond late, and more on a
	// busy machine. It is a tenth of a short TTL.
	signalLead = 3 * time.Millisecond

	// suspendCheck bounds how long a timer may sleep past a suspend, during which
	// timers stand still.
	suspendCheck = time.Second
)

// watchLocked sees to it that the lease's end is signalled in time.
func (h *Handle) watchLocked() {
	if h.err == nil && h.watch == nil {
		h.watch = time.AfterFunc(h.untilSignalLocked(), h.expire)
	}
}

func (h *Handle) untilSignalLocked() time.Duration {
	return min(h.until.Sub(clock.Now())-min(signalLead, h.ttl/10), suspendCheck)
}

// expire is what the watch timer runs.
func (h *Handle) expire() {
	h.mu.Lock()
	if h.err != nil {
		h.mu.Unlock()
		return
	}
	if left := h.untilSignalLocked(); left > 0 { // extended meanwhile, or only looked at
		h.watch.Reset(left)
		if h.renewal != nil && !h.renewing && h.renewAt.Before(clock.Now()) {
			h.renewal.Reset(0) // the machine was suspended, and its timer with it
		}
		h.mu.Unlock()
		return
	}
	lost := h.endLocked(h.invalid("hold", ErrLost, nil))
	h.mu.Unlock()
	lost.announce()
}
