package distlock

import (
	"context"
	"math"
	"math/bits"
	"time"

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
	returned bool          // the last was granted, and given back
	began    clock.Instant // with the first attempt, or the waiting for one
	draw     uint64        // random, of the last attempt's token

	// last is the last attempt that was decided by the nodes rather than by the
	// end of the context; reason is what its verdict does not tell.
	last   Result
	reason string
}

func (l *Locker) acquire(ctx context.Context, key string, retries int, opts []Option) (*Handle, error) {
	h, waits, err := l.begin(ctx, key, retries, opts)
	if waits == nil {
		return h, err
	}
	return waits.queueUp() // with little on the stack: a goroutine starts with 2 KiB, of which half can be used
}

// begin makes the first attempt where nobody else waits for the lock. It returns a lease,
// or why there will be none, or the waiting for it.
func (l *Locker) begin(ctx context.Context, key string, retries int, opts []Option) (*Handle, *vigil, error) {
	if err := l.check(ctx, key); err != nil {
		return nil, nil, err
	}
	terms, err := l.cfg.terms(opts)
	if err != nil {
		return nil, nil, err
	}
	if ctx.Err() != nil {
		return nil, nil, l.neverBegan(ctx, key)
	}
	wire := l.cfg.KeyPrefix + key
	if retries > 0 && !l.queues.enter(wire) {
		return nil, l.join(ctx, &terms, key, wire, retries), nil
	}
	return l.attempt(ctx, &terms, key, wire, retries)
}

// Functions of their own: a frame that holds an acquisition takes half of a small stack.

//go:noinline
func (l *Locker) neverBegan(ctx context.Context, key string) error {
	return (&acquisition{key: key, l: l}).failure(ctx)
}

// join begins an acquisition that waits behind others.
//
//go:noinline
func (l *Locker) join(ctx context.Context, terms *terms, key, wire string, retries int) *vigil {
	a := &acquisition{terms: *terms, l: l, key: key, wire: wire, retries: retries}
	w := newWaiter(a)
	l.queues.join(w)
	return w.keepVigil(ctx)
}

// attempt makes the first attempt of an acquisition that waits behind nobody.
//
//go:noinline
func (l *Locker) attempt(ctx context.Context, terms *terms, key, wire string, retries int) (_ *Handle, _ *vigil, err error) {
	a := acquisition{terms: *terms, l: l, key: key, wire: wire, retries: retries}
	entered, granted := a.retries > 0, false
	defer func() {
		if entered {
			l.queues.exit(a.wire, granted)
		}
	}()
	if h := a.attempt(ctx); h != nil {
		granted = true
		return h, nil, nil
	}
	if !entered && a.returned {
		defer l.queues.mayBeFree(wire) // who waits was perhaps refused by it
	}
	if a.spent() || ctx.Err() != nil || l.isClosed() {
		return nil, nil, a.failure(ctx)
	}
	waits := a // a copy: one that never waits stays on the stack
	w := l.queues.stay(&waits)
	entered = false
	return nil, w.keepVigil(ctx), nil
}

// bounded reports whether the attempts are counted.
func (a *acquisition) bounded() bool { return a.retries < math.MaxInt }

// spent reports whether no further attempt is to be made.
func (a *acquisition) spent() bool { return a.last.Verdict == Rejected || a.attempts > a.retries }

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
