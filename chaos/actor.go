package chaos

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/lilith/distlock"
)

// A stage is where a team plays: in this process, or in one of its own. It is used from
// several goroutines; who does is told by his number where it matters.
type stage interface {
	now() time.Duration // of the history
	begin(o Op)         // an operation begins; its End is still open
	end(o Op)           // it has ended
	gate()              // returns when nobody has the client paused
	lockKeys() []string // to choose from

	open(worker int, key, owner string, fencing int64) (value int64, ok bool)
	write(worker int, key, owner string, fencing, value int64) bool
	read(worker int, key string)             // the unfenced resource
	put(worker int, key string, value int64) // writes back what was read, with value added
}

// An actor is the program that uses locks: its owner's code, so to say. It runs on one
// goroutine, beside those that watch its leases.
type actor struct {
	*team
	number   int // among the team's, from 1; 0 where it is alone
	rand     *rand.Rand
	values   int64
	watching sync.WaitGroup
}

// act acquires, works and releases until ctx ends, and then until its last lease has
// been given back.
func (a *actor) act(ctx context.Context) {
	for ctx.Err() == nil {
		a.pass(ctx, a.upTo(a.Config.TTL/20))
		a.section(ctx)
	}
	a.watching.Wait()
}

// upTo draws from nothing to d.
func (a *actor) upTo(d time.Duration) time.Duration {
	return time.Duration(a.rand.Int64N(int64(d) + 1))
}

// oneIn draws whether something happens that happens once in n times.
func (a *actor) oneIn(n int) bool { return a.rand.IntN(n) == 0 }

// pass lets time pass, and what longer pauses there are.
func (a *actor) pass(ctx context.Context, d time.Duration) {
	sleep(ctx, d)
	a.stage.gate()
}

// section is one critical section: acquire, work, release.
func (a *actor) section(ctx context.Context) {
	h := a.acquire(ctx)
	if h == nil {
		return
	}
	a.watching.Add(1)
	go a.watch(h) // act waits
	a.stage.gate()
	a.work(ctx, h)
	a.release(h)
	a.forget(h.Token())
}

// terms draws the length of a lease, and the rest. One that renews itself is short, as a
// rule, so that it does.
func (a *actor) terms() (ttl time.Duration, opts []distlock.Option) {
	ttl = a.Config.TTL
	renews := a.oneIn(2)
	switch {
	case renews && !a.oneIn(3):
		ttl = a.shareOfLease(0.12, 0.4)
		opts = append(opts, distlock.WithTTL(ttl))
	case a.oneIn(2):
		ttl = a.shareOfLease(0.15, 1)
		opts = append(opts, distlock.WithTTL(ttl))
	}
	switch {
	case renews && a.oneIn(5):
		opts = append(opts, distlock.WithMaxHold(a.upTo(ttl)+1))
	case renews:
		opts = append(opts, distlock.WithAutoExtend())
	}
	return ttl, opts
}

// shareOfLease draws a part of the longest lease.
func (a *actor) shareOfLease(low, high float64) time.Duration {
	return max(share(a.rand, longest(a.Config.TTL), low, high), 20*time.Millisecond).Round(time.Millisecond)
}

func (a *actor) acquire(ctx context.Context) *distlock.Handle {
	keys := a.stage.lockKeys()
	key := keys[a.rand.IntN(len(keys))]
	ttl, opts := a.terms()
	o := Op{Kind: OpAcquire, Key: key, TTL: ttl}
	try := a.locker.Acquire
	switch a.rand.IntN(10) {
	case 0, 1, 2:
		o.Bound = a.roundBound()
		try = a.locker.TryAcquire
	case 3, 4, 5:
		o.Bound = a.attemptsBound()
		if a.number > 0 { // attempts of those before it in the queue are none of its own
			timeout := share(a.rand, a.Config.TTL, 1, 4)
			o.Bound = timeout + a.roundBound()
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, timeout)
			defer cancel()
		}
	default:
		timeout := share(a.rand, a.Config.TTL, 0.05, 2)
		o.Bound = timeout + a.roundBound()
		try = func(ctx context.Context, key string, opts ...distlock.Option) (*distlock.Handle, error) {
			return a.locker.WaitForLock(ctx, key, timeout, opts...)
		}
	}
	if a.oneIn(10) { // gives up in the middle
		short := a.upTo(a.Config.NodeTimeout / 4)
		o.Bound = short + a.roundBound()
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, short)
		defer cancel()
	}
	a.begin(&o)
	a.waits(o)
	h, err := try(ctx, key, opts...)
	a.waitsNoMore()
	var failure *distlock.AcquisitionError
	switch {
	case h != nil:
		o.Token, o.Fencing, o.Until = h.Token(), h.FencingToken(), a.until(h)
		o.Attempts = a.takeOver(h.Token())
	case errors.As(err, &failure):
		o.Attempts = failure.Attempts
	}
	a.end(o, err)
	return h
}

// begin tells that an operation begins, now.
func (a *actor) begin(o *Op) {
	a.stage.gate()
	o.Client, o.Worker, o.Start = a.Name, a.number, a.stage.now()
	a.stage.begin(*o)
}

// end tells that an operation has ended, now.
func (t *team) end(o Op, err error) {
	o.End = t.stage.now()
	if o.Outcome == "" {
		o.Outcome = OutcomeOf(err)
	}
	if err != nil {
		o.Err = err.Error()
	}
	t.stage.end(o)
}

// until is the end of a lease, by the time of the history. The history's time is read
// first, so that it is never later than it was.
func (t *team) until(h *distlock.Handle) time.Duration { return t.at(h.ValidUntil()) }

func (t *team) at(end time.Time) time.Duration {
	now := t.stage.now()
	return now + time.Until(end)
}

func (a *actor) release(h *distlock.Handle) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if a.oneIn(5) {
		cancel() // it works on a context that has ended
	}
	again := a.oneIn(8)
	for {
		o := Op{Kind: OpRelease, Key: h.Key(), Token: h.Token(), Fencing: h.FencingToken(), Bound: a.roundBound()}
		a.begin(&o)
		err := h.Release(ctx)
		a.endRelease(o, err)
		if errors.Is(err, distlock.ErrUnavailable) && a.oneIn(2) {
			continue // tries again, as the documentation says
		}
		if !again {
			return
		}
		again = false
	}
}
