package distlock

import (
	"context"
	"errors"
	"sync/atomic"
	"time"
)

// Release gives the lock back and returns nil once a majority of the nodes has
// confirmed; the others are seen to in the background. The lease is over for its
// holder as soon as Release is called, whatever it returns. It works on a
// cancelled context too, and blocks for Config.NodeTimeout at most, or twice that
// where one node alone is asked and hangs in the middle of a renewal.
//
// Where the lease had expired or been taken it is [ErrLost], an
// [InvalidLockError], and the other owner's key is left alone. Where too few
// nodes answered it is [ErrUnavailable]: the key is deleted when they do, or
// expires; calling Release again tries again. A second call returns nil.
func (h *Handle) Release(ctx context.Context) error {
	if ctx == nil {
		return errNilContext
	}
	h.mu.Lock()
	for h.released == releasing {
		if h.releaseRun == nil {
			h.releaseRun = make(chan struct{})
		}
		run := h.releaseRun
		h.mu.Unlock()
		<-run // at the store, which is bounded
		h.mu.Lock()
	}
	if h.released == releaseDone {
		h.mu.Unlock()
		return nil
	}
	repeated := h.released == releaseFailed
	h.released = releasing
	ended := h.expireLocked()
	if h.err == nil {
		ended = h.endLocked(ErrReleased)
	}
	lost := !errors.Is(h.err, ErrReleased)
	ttl := h.longest
	until := h.validUntil
	var drained chan struct{}
	if h.extending > 0 {
		drained = make(chan struct{})
		h.drained = drained
	}
	h.mu.Unlock()

	if drained != nil {
		<-drained // extensions, whose context has ended: no new request of theirs comes after
	}
	sent := time.Now()
	err := h.runRelease(ctx, ttl, lost, repeated)

	// Hooks last: they may call Release themselves.
	ended.announce()
	if h.l.trace.Released != nil {
		if sent.Before(until) {
			until = sent
		}
		h.l.trace.Released(Event{
			Key: h.key, Token: h.token, FencingToken: h.fencing, Elapsed: time.Since(sent), TTL: h.ttl,
			ValidUntil: until, Err: err,
		})
	}
	return err
}

// runRelease asks the nodes and ends the state of releasing, also where a user's hook
// ends the goroutine.
func (h *Handle) runRelease(ctx context.Context, ttl time.Duration, lost, repeated bool) (err error) {
	outcome := releaseFailed
	defer func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.released = outcome
		if h.releaseRun != nil {
			close(h.releaseRun)
			h.releaseRun = nil
		}
	}()
	err = h.releaseNodes(ctx, ttl, lost, repeated)
	if err == nil || errors.Is(err, ErrLost) {
		outcome = releaseDone
	}
	return err
}

// releaseNodes asks the nodes, and hands the lock on to who waits in this process, if
// anybody does. ttl bounds how long what was sent to them can matter.
func (h *Handle) releaseNodes(ctx context.Context, ttl time.Duration, lost, repeated bool) error {
	req := Request{
		Key:         h.wire,
		Token:       h.token,
		TTL:         ttl,
		NodeTimeout: h.l.cfg.nodeTimeoutFor(h.ttl),
		Repeated:    repeated,
		Wake:        !h.l.cfg.NoWakeups,
		OnVote:      h.l.onVote(h.key, h.token, "release", 0),
	}
	if ctx.Done() != nil {
		ctx = context.WithoutCancel(ctx)
	}
	var next *waiter
	var t try
	if !lost && !repeated && h.inARow < maxInARow {
		next, t = h.l.queues.successor(h.wire)
	}
	var res Result
	if next != nil {
		res = h.handOver(ctx, req, next, t)
	} else {
		res = h.l.store.Release(ctx, req)
		if h.inARow >= maxInARow && res.Woken {
			h.l.queues.giveWay(h.wire, othersTurn)
		} else {
			h.l.queues.mayBeFree(h.wire)
		}
	}
	switch {
	case lost, res.Verdict == Denied:
		return h.invalid("release", ErrLost, res.Votes)
	case res.Verdict != Agreed:
		return &OperationError{Key: h.key, Op: "release", Votes: res.Votes, verdict: res.Verdict.err()}
	}
	return nil
}

// othersTurn is how long who waits in this process holds back once somebody elsewhere
// was told that the lock is free: some round trips.
const othersTurn = 5 * time.Millisecond

// handOver releases the lock and acquires it for next, in one round trip.
func (h *Handle) handOver(ctx context.Context, req Request, next *waiter, t try) Result {
	req.Successor = &t.req
	returned := false
	var told atomic.Bool
	granted := func(res Result) {
		told.Store(true)
		if h.l.queues.deliver(next, turn{try: t, result: res, inARow: h.inARow + 1}) {
			return
		}
		if res.Verdict == Agreed { // he has gone: back to the nodes with it
			next.a.abandon(ctx, t.req)
		}
		h.l.queues.mayBeFree(h.wire)
	}
	defer func() {
		if returned || told.Load() {
			return
		}
		// A user's hook ends the goroutine: next, who is in no queue, would wait for ever.
		defer granted(Result{})
		next.a.abandon(ctx, t.req) // he may have it
	}()
	res := h.l.store.HandOver(ctx, req, granted)
	returned = true
	return res
}
