package distlock

import (
	"context"
	"encoding/binary"
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
	attempts int
	began    clock.Instant // with the first attempt
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
	a := acquisition{terms: terms, l: l, key: key, wire: l.cfg.KeyPrefix + key}
	for ctx.Err() == nil && !l.isClosed() {
		if h := a.attempt(ctx); h != nil {
			return h, nil
		}
		if a.last.Verdict == Rejected || a.attempts > retries || ctx.Err() != nil {
			break
		}
		if err := a.wait(ctx); err != nil {
			return nil, err
		}
	}
	return nil, a.failure(ctx)
}

// attempt asks the nodes once, with a token of its own. It returns nil where that
// gave no lease.
func (a *acquisition) attempt(ctx context.Context) *Handle {
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
	res := a.l.store.Acquire(ctx, req)
	now := clock.Now()
	validity := a.l.cfg.validity(a.ttl)
	until := start.Add(validity)

	verdict := res.Verdict.err()
	switch {
	case res.Verdict != Agreed:
		if ctx.Err() == nil || a.last.Votes == nil {
			a.last, a.reason = res, "" // not one that the end of the context cut short
		}
	case !now.Before(until):
		a.abandon(ctx, req)
		verdict = ErrUnavailable
		a.last, a.reason = res, "granted too late: it took "+now.Sub(start).String()+" of a lease of "+a.ttl.String()
		a.last.Verdict = Unanswered
	case ctx.Err() != nil:
		a.abandon(ctx, req)
		verdict = contextErrors(ctx)[0]
		if a.last.Votes == nil {
			a.last, a.reason = res, "granted, and given back, as the context had ended"
			a.last.Verdict = Unanswered
		}
	}
	if a.l.trace.Attempt != nil {
		a.l.trace.Attempt(Event{
			Key: a.key, Token: req.Token, Attempt: a.attempts, Elapsed: now.Sub(start), TTL: a.ttl, Err: verdict,
		})
	}
	if verdict != nil {
		return nil
	}
	if res.FencingToken > 0 {
		a.l.noteFencingToken(res.FencingToken)
	}
	h := &Handle{
		l:          a.l,
		key:        a.key,
		wire:       a.wire,
		token:      req.Token,
		fencing:    res.FencingToken,
		ttl:        a.ttl,
		acquiredAt: shown,
		until:      until,
		validUntil: shown.Add(validity),
		longest:    a.ttl,
	}
	a.begin(h, start, now)
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

// wait sleeps before the next attempt: a random time, no longer than the present
// owner's lease, and until ctx ends, which is the error.
func (a *acquisition) wait(ctx context.Context) error {
	delay := backoff(a.l.cfg.RetryDelay, a.l.cfg.MaxRetryDelay, a.attempts, a.draw)
	if free := a.last.Remaining; free > 0 {
		// Redis rounds what remains to a millisecond; one more, and the key is gone.
		delay = min(delay, free+time.Millisecond)
	}
	if a.l.trace.Waiting != nil {
		a.l.trace.Waiting(Event{Key: a.key, Attempt: a.attempts, Delay: delay, TTL: a.ttl, Err: a.last.Verdict.err()})
	}
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return a.failure(ctx)
	case <-a.l.closed:
		return a.failure(ctx)
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
	if a.attempts > 0 {
		err.verdict = a.last.Verdict.err()
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
