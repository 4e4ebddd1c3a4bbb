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
