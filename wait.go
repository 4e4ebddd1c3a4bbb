package distlock

import (
	"context"
	"encoding/binary"
	"math"
	"math/bits"
	"time"

	"github.com/google/uuid"

	"github.com/lilith/distlock/internal/clock"
)

// An acquisition is one call of Acquire, TryAcquire, WaitForLock or Do: attempts
// with waits between them.
type acquisition struct {
	terms
	l        *Locker
	key      string // without the prefix
	wire     string // with it
	retries  int
	attempts int           // made, those included that others made for it
	began    clock.Instant // with the first attempt, or the waiting for one
	draw     uint64        // random, of the last attempt's token

	// last is the last attempt that was decided by the nodes rather than by the
	// end of the context; reason is what its verdict does not tell.
	last   Result
	reason string
}

func (l *Locker) acquire(ctx context.Context, key string, retries int, opts []Option) (*Handle, error) {
	if err := l.check(ctx, key); err != nil {
		return nil, err
	}
	terms, err := l.cfg.terms(opts)
	if err != nil {
		return nil, err
	}
	if ctx.Err() != nil {
		return nil, (&acquisition{key: key, l: l}).failure(ctx)
	}
	wire := l.cfg.KeyPrefix + key
	if retries > 0 && !l.queues.enter(wire) {
		a := &acquisition{terms: terms, l: l, key: key, wire: wire, retries: retries}
		return a.queueUp(ctx, l.queues.join(a))
	}
	return l.attempt(ctx, acquisition{terms: terms, l: l, key: key, wire: wire, retries: retries})
}

// attempt makes the first attempt of an acquisition that waits behind nobody. Of its own,
// so that the many who wait behind others never have its frame on their stacks.
func (l *Locker) attempt(ctx context.Context, a acquisition) (_ *Handle, err error) {
	entered := a.retries > 0
	defer func() {
		if entered {
			l.queues.exit(a.wire)
		}
	}()
	if h := a.attempt(ctx); h != nil {
		return h, nil
	}
	if a.spent() || ctx.Err() != nil || l.isClosed() {
		return nil, a.failure(ctx)
	}
	waits := a // a copy: one that never waits stays on the stack
	w := l.queues.stay(&waits)
	entered = false
	return waits.queueUp(ctx, w)
}

// bounded reports whether the attempts are counted.
func (a *acquisition) bounded() bool { return a.retries < math.MaxInt }

// spent reports whether no further attempt is to be made.
func (a *acquisition) spent() bool { return a.last.Verdict == Rejected || a.attempts > a.retries }

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

// queueUp waits behind whoever waits for the lock already, until it is handed on, an
// attempt succeeds, the attempts are used up, or ctx ends.
func (a *acquisition) queueUp(ctx context.Context, w *waiter) (*Handle, error) {
	v := vigil{a: a, ctx: ctx, w: w, tried: a.attempts > 0}
	defer v.end()
	for {
		s := a.l.queues.step(v.w)
		switch {
		case s.turn != nil:
			v.left = true
			if h := a.conclude(ctx, s.turn); h != nil {
				return h, nil
			}
			if ctx.Err() != nil {
				return nil, a.failure(ctx)
			}
			a.l.queues.returns(v.w)
			v.left = false
		case s.place == looking:
			if h := v.look(); h != nil {
				return h, nil
			}
		case s.place == out, s.place == gone:
			return nil, a.failure(ctx)
		default:
			if !v.sleep(s) {
				v.end()
				return nil, a.failure(ctx)
			}
		}
	}
}

// backoff is the wait after the given number of attempts: drawn from the upper
// half of base doubled once for each attempt after the first, capped. Waiters
// that were refused together so do not come back together.
func backoff(base, limit time.Duration, attempts int, draw uint64) time.Duration {
	nominal := min(base, limit)
	for i := 1; i < attempts && nominal < limit; i++ {
		nominal = min(2*nominal, limit)
	}
	part, _ := bits.Mul64(draw, uint64(nominal/2+1)) // of draw's range
	return max(nominal-time.Duration(part), backoffFloor)
}

// delay is how long to wait after a failed attempt: a random time, no longer than the
// present owner's lease.
func (a *acquisition) delay() time.Duration {
	delay := backoff(a.l.cfg.RetryDelay, a.l.cfg.MaxRetryDelay, a.attempts, a.draw)
	if free := a.last.Remaining; free > 0 {
		// Redis rounds what remains to a millisecond; one more, and the key is gone.
		delay = min(delay, free+time.Millisecond)
	}
	return delay
}

// firstDelay is the wait of who comes when others wait already.
func (a *acquisition) firstDelay() time.Duration {
	return backoff(a.l.cfg.RetryDelay, a.l.cfg.MaxRetryDelay, 1, a.draw)
}

// backoffFloor keeps a tiny RetryDelay from making a hot loop.
const backoffFloor = time.Millisecond

func (a *acquisition) failure(ctx context.Context) error {
	err := &AcquisitionError{
		Key:      a.key,
		Attempts: a.attempts,
		Votes:    a.last.Votes,
		reason:   a.reason,
		context:  contextErrors(ctx),
	}
	if a.l.isClosed() {
		err.context = append(err.context, ErrClosed)
	}
	if a.last.Votes != nil {
		err.verdict = a.last.Verdict.err()
	}
	if a.began != 0 {
		err.Elapsed = clock.Since(a.began)
	}
	return err
}

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
