package sim

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/chaos"
)

// section is one critical section: acquire, work, release.
func (c *client) section() {
	h := c.acquire(fmt.Sprintf("key-%d", c.rand.IntN(c.run.config.Keys)+1))
	if h == nil {
		return
	}
	c.work.Add(1)
	go c.watch(h, c.paused())
	// Most leave in time; some outstay their lease, and find out.
	hold := between(c.rand, 0, h.Info().TTL*3/4)
	if c.rand.IntN(4) == 0 {
		hold = between(c.rand, 0, 2*h.Info().TTL)
	}
	c.use(h, hold)
	if c.isDead() {
		return
	}
	c.release(h)
}

func (c *client) acquire(key string) *distlock.Handle {
	lib := &c.run.config.Library
	ttl := lib.TTL
	var opts []distlock.Option
	if c.rand.IntN(3) == 0 {
		ttl = even(between(c.rand, max(ttl/8, 20*time.Millisecond), ttl))
		opts = append(opts, distlock.WithTTL(ttl))
	}
	if c.rand.IntN(3) == 0 {
		opts = append(opts, distlock.WithAutoExtend())
	}
	ctx, cancel := context.WithTimeout(context.Background(), between(c.rand, ttl, 4*ttl))
	if c.rand.IntN(6) == 0 {
		ctx, cancel = context.WithTimeout(context.Background(), between(c.rand, 0, c.patience))
	}
	defer cancel()
	o := chaos.Op{Kind: chaos.OpAcquire, Key: key, Start: c.run.net.now(), TTL: ttl}
	pauses := c.paused()
	var h *distlock.Handle
	var err error
	switch c.rand.IntN(3) {
	case 0:
		o.Bound = c.bound()
		h, err = c.locker.TryAcquire(ctx, key, opts...)
	case 1:
		h, err = c.locker.Acquire(ctx, key, opts...)
	default:
		timeout := between(c.rand, 0, 3*ttl) + 1
		o.Bound = timeout + c.bound()
		h, err = c.locker.WaitForLock(ctx, key, timeout, opts...)
	}
	o.Attempts = c.attempts(h, err)
	if h != nil {
		o.Token, o.Fencing = h.Token(), h.FencingToken()
		o.Until = c.until(h.Token(), h.ValidUntil(), h.Info().AcquiredAt)
	}
	c.record(o, err, pauses)
	return h
}

// attempts returns how many attempts an acquisition took.
func (c *client) attempts(h *distlock.Handle, err error) int {
	var failure *distlock.AcquisitionError
	if errors.As(err, &failure) {
		return failure.Attempts
	}
	if h == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	defer delete(c.tries, h.Token())
	return c.tries[h.Token()]
}

// acquired is the Locker's hook: it alone tells how many attempts a success took.
func (c *client) acquired(e distlock.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tries == nil {
		c.tries = make(map[string]int)
	}
	c.tries[e.Token] = e.Attempt
}

// bound is the longest that an operation may take: two phases, or the second node
// timeout of one node alone, and giving back what was granted in vain.
func (c *client) bound() time.Duration {
	const givingBack = 100 * time.Millisecond
	return 2*c.patience + min(givingBack, c.patience) + time.Millisecond
}

// use works under the lock.
func (c *client) use(h *distlock.Handle, hold time.Duration) {
	if c.isDead() {
		return
	}
	key, token, fencing := h.Key(), h.Token(), h.FencingToken()
	reg := &c.run.register
	fenced := !c.run.config.Library.NoFencing
	opened := false
	if fenced {
		o := chaos.Op{Kind: chaos.OpOpen, Key: key, Token: token, Fencing: fencing, Start: c.run.net.now()}
		c.travel(h)
		o.Value, opened = reg.Open(key, token, fencing)
		if !opened {
			o.Outcome = chaos.Stale
		}
		c.record(o, nil, 0)
	}
	read := c.run.ledger.Read(key)
	c.sleep(hold / 2)
	if c.rand.IntN(3) == 0 && !c.isDead() {
		c.extend(h)
	}
	c.sleep(hold / 2)
	if c.isDead() {
		return
	}
	if c.rand.IntN(3) > 0 && !h.IsHeld() {
		return // as a program should that has been told
	}
	if opened {
		o := chaos.Op{
			Kind: chaos.OpWrite, Key: key, Token: token, Fencing: fencing, Start: c.run.net.now(),
			Value: c.run.nextValue(),
		}
		c.travel(h)
		if !reg.Write(key, token, fencing, o.Value) {
			o.Outcome = chaos.Stale
		}
		c.record(o, nil, 0)
	}
	o := chaos.Op{Kind: chaos.OpAdd, Key: key, Token: token, Start: c.run.net.now(), Value: c.run.nextValue()}
	c.run.ledger.Put(key, append(read, o.Value))
	c.record(o, nil, 0)
}

// travel is a request's way to the resource: short, or sometimes as long as a lease. A
// client that is paused or killed meanwhile does not call it back.
func (c *client) travel(h *distlock.Handle) {
	if c.rand.IntN(20) == 0 {
		time.Sleep(between(c.rand, 0, h.Info().TTL))
		return
	}
	time.Sleep(between(c.rand, 50*time.Microsecond, 2*time.Millisecond))
}

func (c *client) extend(h *distlock.Handle) {
	// An odd number, and leases are of even ones: so that the hook can tell them apart.
	ttl := even(between(c.rand, h.Info().TTL/2, c.run.config.Library.TTL-2*time.Millisecond)) + time.Millisecond
	o := chaos.Op{
		Kind: chaos.OpExtend, Key: h.Key(), Token: h.Token(), Start: c.run.net.now(),
		TTL: ttl, Bound: c.bound(),
	}
	pauses := c.paused()
	sent := time.Now()
	err := h.Extend(context.Background(), ttl)
	o.Until = c.until(h.Token(), h.ValidUntil(), sent)
	c.record(o, err, pauses)
}

// until returns the end of a lease in the time of the history. An end that has not
// moved is still the one that an earlier request gave: a suspend since does not move it.
func (c *client) until(token string, shown, sent time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.ends[token]; ok && shown.Equal(known.shown) {
		return known.at
	}
	end := leaseEnd{shown, c.run.at(shown, sent)}
	if c.ends == nil {
		c.ends = make(map[string]leaseEnd)
	}
	c.ends[token] = end
	return end.at
}

// A leaseEnd is a lease's ValidUntil, and the moment of the history that it meant.
type leaseEnd struct {
	shown time.Time
	at    time.Duration
}

// renewed records an automatic extension: it is the Locker's hook.
func (c *client) renewed(e distlock.Event) {
	if e.TTL%(2*time.Millisecond) != 0 {
		return // the client's own
	}
	now := c.run.net.now()
	c.record(chaos.Op{
		Kind: chaos.OpRenew, Key: e.Key, Token: e.Token, Start: now - e.Elapsed,
		TTL: e.TTL, Until: c.until(e.Token, e.ValidUntil, time.Now().Add(-e.Elapsed)),
	}, e.Err, 0)
}

// watch records when the end of the lease was signalled.
func (c *client) watch(h *distlock.Handle, pauses int) {
	defer c.work.Done()
	start := c.run.net.now()
	select {
	case <-h.Done():
	case <-c.run.closed:
		return
	}
	if c.paused() != pauses {
		return // it could not have noticed in time
	}
	c.record(chaos.Op{
		Kind: chaos.OpSignal, Key: h.Key(), Token: h.Token(), Start: start, Until: c.until(h.Token(), h.ValidUntil(), time.Now()),
	}, h.Err(), pauses)
}

func (c *client) release(h *distlock.Handle) {
	ctx, cancel := context.WithCancel(context.Background())
	if c.rand.IntN(4) == 0 {
		cancel() // it works on a context that has ended
	}
	defer cancel()
	for range 1 + c.rand.IntN(4)/3 { // and a second time
		o := chaos.Op{
			Kind: chaos.OpRelease, Key: h.Key(), Token: h.Token(), Start: c.run.net.now(),
			Bound: c.bound(),
		}
		pauses := c.paused()
		c.record(o, h.Release(ctx), pauses)
	}
}
