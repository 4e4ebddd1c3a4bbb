package distlock

import (
	"context"
	"encoding/binary"
	"time"

	"github.com/google/uuid"

	"github.com/lilith/distlock/internal/clock"
)

// A try is one attempt: what the nodes are asked, and when the lease that comes of it
// begins.
type try struct {
	req   Request
	start clock.Instant
	shown time.Time // start, for people
}

// attempt asks the nodes once, with a token of its own. It returns nil where that
// gave no lease.
func (a *acquisition) attempt(ctx context.Context) *Handle {
	t := turn{try: a.try()}
	t.result = a.l.store.Acquire(ctx, t.try.req)
	return a.conclude(ctx, &t)
}

// try begins an attempt.
func (a *acquisition) try() try {
	a.attempts++
	token := uuid.New()
	// One source of randomness: the wait after this attempt is drawn from its
	// token. The first bits of a UUID's second half are fixed.
	a.draw = binary.BigEndian.Uint64(token[8:]) << 2
	req := Request{
		Key:          a.wire,
		Token:        token.String(),
		TTL:          a.ttl,
		NodeTimeout:  a.nodeTimeout,
		RestartGuard: a.l.cfg.RestartGuard,
		Wake:         !a.l.cfg.NoWakeups,
	}
	req.OnVote = a.l.onVote(a.key, req.Token, "acquire", a.attempts)
	if !a.l.cfg.NoFencing {
		req.FencingToken = a.l.fencingHint()
	}
	// The lease counts from before the first request: at every node the key
	// outlives it, however long the answers take.
	start, shown := clock.Read()
	if a.attempts == 1 {
		a.began = start
	}
	return try{req, start, shown}
}

// conclude returns the lease that an attempt gave, nil where it gave none. A grant that
// is not used is given back.
func (a *acquisition) conclude(ctx context.Context, t *turn) *Handle {
	now := clock.Now()
	validity := a.l.cfg.validity(a.ttl)
	until := t.try.start.Add(validity)
	verdict := t.result.Verdict.err()
	switch {
	case t.result.Verdict != Agreed:
		if ctx.Err() == nil || a.last.Votes == nil {
			a.last, a.reason = t.result, "" // not one that the end of the context cut short
		}
	case !now.Before(until):
		a.abandon(ctx, t.try.req)
		verdict = ErrUnavailable
		a.last, a.reason = t.result, "granted too late: it took "+now.Sub(t.try.start).String()+" of a lease of "+a.ttl.String()
		a.last.Verdict = Unanswered
	case ctx.Err() != nil:
		a.abandon(ctx, t.try.req)
		verdict = contextErrors(ctx)[0]
		if a.last.Votes == nil {
			a.last, a.reason = t.result, "granted, and given back, as the context had ended"
			a.last.Verdict = Unanswered
		}
	}
	if a.l.trace.Attempt != nil {
		a.l.trace.Attempt(Event{
			Key: a.key, Token: t.try.req.Token, Attempt: a.attempts, Elapsed: now.Sub(t.try.start), TTL: a.ttl, Err: verdict,
		})
	}
	a.returned = verdict != nil && t.result.Verdict == Agreed
	if verdict != nil {
		return nil
	}
	if t.result.FencingToken > 0 {
		a.l.noteFencingToken(t.result.FencingToken)
	}
	h := &Handle{
		l:          a.l,
		key:        a.key,
		wire:       a.wire,
		token:      t.try.req.Token,
		fencing:    t.result.FencingToken,
		ttl:        a.ttl,
		acquiredAt: t.try.shown,
		until:      until,
		validUntil: t.try.shown.Add(validity),
		longest:    a.ttl,
		inARow:     t.inARow,
	}
	a.begin(h, t.try.start, now)
	return h
}

// begin starts what a lease wants done beside it.
func (a *acquisition) begin(h *Handle, start, now clock.Instant) {
	// Told first, so that no event of this lease comes before it.
	if a.l.trace.Acquired != nil {
		a.l.trace.Acquired(Event{
			Key: h.key, Token: h.token, FencingToken: h.fencing, Attempt: a.attempts,
			Elapsed: now.Sub(a.began), TTL: h.ttl, ValidUntil: h.validUntil,
		})
	}
	if a.renew {
		h.startRenewal(start, a.maxHold)
	}
	if a.renew || a.l.trace.Lost != nil {
		h.mu.Lock()
		h.watchLocked()
		h.mu.Unlock()
	}
}

// abandon gives back a grant that nobody will use. It waits for that a little, so that
// the next attempt does not meet its keys; whatever it does not reach by then the store
// goes on cleaning up.
func (a *acquisition) abandon(ctx context.Context, req Request) {
	req.Abandon = true
	req.OnVote = a.l.onVote(a.key, req.Token, "release", a.attempts)
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), abandonWait)
	defer cancel()
	a.l.store.Release(bounded, req)
}

// abandonWait bounds how long an attempt that has failed is held up by its clean-up.
const abandonWait = 100 * time.Millisecond

// plausible is how far ahead of this process's wall clock a fencing token may
// stand and still be taken up as a hint.
const plausible = time.Hour

// fencingHint is a token that every node may grant, unless its counter stands
// higher: with it the nodes agree on one token in one round trip, and a node that
// lost its counter does not fall behind. Microseconds stay below 2^53 until 2255.
func (l *Locker) fencingHint() int64 {
	return max(l.highest.Load()+1, time.Now().UnixMicro())
}

// noteFencingToken remembers the largest token granted, unless it is out of reach
// of any sound clock: a spoiled counter of one key must not spoil all others.
func (l *Locker) noteFencingToken(token int64) {
	if token > time.Now().Add(plausible).UnixMicro() {
		return
	}
	for known := l.highest.Load(); token > known; known = l.highest.Load() {
		if l.highest.CompareAndSwap(known, token) {
			return
		}
	}
}
