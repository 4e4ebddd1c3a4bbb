package distlock

import (
	"context"
	"errors"
	"time"

	"github.com/lilith/distlock/internal/clock"
)

// Extend makes the lease last at least ttl from now on the nodes, or the
// acquisition's TTL where ttl is 0, and for its holder until that less the drift
// allowed for, as ValidUntil tells; it never shortens it. It blocks for
// Config.NodeTimeout at most.
//
// Where a majority no longer has the lease it is lost: [ErrLost], an
// [InvalidLockError], and the handle is done; a key that expired or was taken is
// never set again; call Release all the same, as nodes may hold the key yet. Where too few nodes answered it is [ErrUnavailable] and the
// lease keeps its old end; try again. After Release it is [ErrReleased]; a ttl
// out of bounds is [ErrInvalidArgument].
func (h *Handle) Extend(ctx context.Context, ttl time.Duration) error {
	if ctx == nil {
		return errNilContext
	}
	if ttl == 0 {
		ttl = h.ttl
	}
	if err := h.l.cfg.checkTTL("ttl of Extend", ttl); err != nil {
		return err
	}
	return h.extend(ctx, wholeMillis(ttl))
}

func (h *Handle) extend(ctx context.Context, ttl time.Duration) error {
	// The request is given up when the lease ends: by then nobody needs it.
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	forget := h.onEnd(func(error) { cancel() })
	defer forget()

	repairTTL, err := h.beginExtend(ttl)
	if err != nil {
		return err
	}
	start, shown := clock.Read()
	res := h.askExtend(ctx, Request{
		Key:          h.wire,
		Token:        h.token,
		TTL:          ttl,
		NodeTimeout:  h.l.cfg.nodeTimeoutFor(max(ttl, h.ttl)), // a short ttl shortens nothing
		RestartGuard: h.l.cfg.RestartGuard,
		FencingToken: h.fencing,
		RepairTTL:    repairTTL,
		Held:         h.IsHeld,
		OnVote:       h.l.onVote(h.key, h.token, "extend", 0),
	})
	validity := h.l.cfg.validity(ttl)
	err = h.endExtend(ctx, res, start.Add(validity), shown.Add(validity))
	if h.l.trace.Extended != nil {
		h.l.trace.Extended(Event{
			Key: h.key, Token: h.token, FencingToken: h.fencing, Elapsed: clock.Since(start),
			TTL: ttl, ValidUntil: h.ValidUntil(), Err: err,
		})
	}
	return err
}

// askExtend leaves the count of extensions under way when the store has answered, and
// also where a user's hook ends the goroutine: Release waits for it.
func (h *Handle) askExtend(ctx context.Context, req Request) Result {
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.extending--
		if h.extending == 0 && h.drained != nil {
			close(h.drained)
			h.drained = nil
		}
	}()
	return h.l.store.Extend(ctx, req)
}

// beginExtend returns how long a key that is set anew must last, or why the lease
// cannot be extended.
func (h *Handle) beginExtend(ttl time.Duration) (repairTTL time.Duration, err error) {
	h.mu.Lock()
	lost := h.expireLocked()
	if err = h.endedLocked("extend", nil); err == nil {
		h.extending++
		repairTTL = max(ttl, h.l.cfg.ttlFor(h.until.Sub(clock.Now())))
		h.longest = max(h.longest, repairTTL)
	}
	h.mu.Unlock()
	lost.announce()
	return repairTTL, err
}

// endExtend takes in the nodes' answer. until counts from before the first
// request: an answer that comes late buys no time.
func (h *Handle) endExtend(ctx context.Context, res Result, until clock.Instant, shown time.Time) error {
	h.mu.Lock()
	lost := h.expireLocked() // an answer that comes after the old end revives nothing
	switch {
	case h.err != nil:
	case res.Verdict == Agreed:
		if h.until.Before(until) {
			h.until, h.validUntil = until, shown
		}
		h.extensions++
	case res.Verdict == Denied:
		lost = h.endLocked(h.invalid("extend", ErrLost, res.Votes))
	}
	err := h.endedLocked("extend", res.Votes)
	h.mu.Unlock()
	lost.announce()
	if err == nil && res.Verdict != Agreed {
		err = &OperationError{
			Key: h.key, Op: "extend", Votes: res.Votes, verdict: res.Verdict.err(), context: contextErrors(ctx),
		}
	}
	return err
}

// endedLocked returns nil while the lease is held, else the error for op.
func (h *Handle) endedLocked(op string, votes []Vote) error {
	switch {
	case h.err == nil:
		return nil
	case errors.Is(h.err, ErrReleased):
		return h.invalid(op, ErrReleased, nil)
	default:
		return h.invalid(op, ErrLost, votes)
	}
}

// startRenewal has the lease renewed every third of its TTL, counted from the
// acquisition's start: two renewals may fail and the third still come in time. The
// timer's goroutine lives for one request; Release waits for it.
func (h *Handle) startRenewal(acquired clock.Instant, maxHold time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.renewAt = acquired.Add(h.ttl / 3)
	h.renewal = time.AfterFunc(h.renewAt.Sub(clock.Now()), func() { h.renew(acquired, maxHold) })
}

// renew is what the renewal timer runs; it sets the timer again unless the lease
// has ended or, where maxHold is not 0, has been held that long.
func (h *Handle) renew(acquired clock.Instant, maxHold time.Duration) {
	start := clock.Now()
	h.mu.Lock()
	if h.renewing || h.err != nil {
		h.mu.Unlock()
		return
	}
	if early := h.renewAt.Sub(start); early > 0 {
		// Two timers ran it: its own, and the watch that looks for a suspend.
		h.renewal.Reset(early)
		h.mu.Unlock()
		return
	}
	h.renewing = true
	h.mu.Unlock()
	if maxHold > 0 && start.Sub(acquired) >= maxHold {
		return
	}
	// A background context: the renewal serves the lease, not a call.
	err := h.extend(context.Background(), h.ttl)

	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err != nil {
		return
	}
	h.renewing = false
	h.renewAt = start.Add(h.ttl / 3)
	if err != nil {
		// Unknown, not lost: try again within what is left, ever sooner towards
		// the end, but never in a hot loop.
		left := h.until.Sub(clock.Now())
		h.renewAt = clock.Now().Add(max(min(left/4, h.l.cfg.RetryDelay), renewalFloor))
	}
	h.renewal.Reset(h.renewAt.Sub(clock.Now()))
}

// renewalFloor is the shortest wait before a failed renewal is tried again.
const renewalFloor = 5 * time.Millisecond
