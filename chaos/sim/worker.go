package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/chaos"
)

// A worker is one of a client's goroutines that use its Locker, one section after another.
type worker struct {
	*client
	number int // from 1; 0 where the client has one
	rand   *rand.Rand
}

// workers returns so many workers of the client, which is the successor-th in its place.
func (c *client) workers(n, successor int) []*worker {
	all := make([]*worker, n)
	for i := range all {
		source := rand.NewPCG(c.run.config.Seed, uint64(c.index)<<32|uint64(i)<<24|uint64(successor))
		all[i] = &worker{client: c, number: i + 1, rand: rand.New(source)}
	}
	if n == 1 {
		all[0].number = 0
	}
	return all
}

// live works until the run stops or the client is killed.
func (w *worker) live() {
	defer w.work.Done()
	for !w.isDead() && !w.run.stopped() {
		w.sleep(between(w.rand, 0, w.run.config.Think))
		w.section()
	}
}

// sleep is the user's own code taking its time. After a pause, of perhaps all clients, the
// workers go on one after another: what is due at one instant comes in any order.
func (w *worker) sleep(d time.Duration) {
	time.Sleep(d)
	if w.gate() && w.number > 0 {
		time.Sleep(time.Duration(w.number)*time.Microsecond + time.Duration(w.index+1)*37)
	}
}

// record completes an operation of this worker and records it.
func (w *worker) record(o chaos.Op, err error, pauses int) {
	o.Worker = w.number
	w.client.record(o, err, pauses)
}

// section is one critical section: acquire, work, release.
func (w *worker) section() {
	h := w.acquire(fmt.Sprintf("key-%d", w.rand.IntN(w.run.config.Keys)+1))
	if h == nil {
		return
	}
	w.work.Add(1)
	go w.watch(h, w.paused())
	// Most leave in time; some outstay their lease, and find out.
	hold := between(w.rand, 0, h.Info().TTL*3/4)
	if w.rand.IntN(4) == 0 {
		hold = between(w.rand, 0, 2*h.Info().TTL)
	}
	w.use(h, hold)
	if w.isDead() {
		return
	}
	w.release(h)
}

func (w *worker) acquire(key string) *distlock.Handle {
	lib := &w.run.config.Library
	ttl := lib.TTL
	var opts []distlock.Option
	if w.rand.IntN(3) == 0 {
		ttl = even(between(w.rand, max(ttl/8, 20*time.Millisecond), ttl))
		opts = append(opts, distlock.WithTTL(ttl))
	}
	if w.rand.IntN(3) == 0 {
		opts = append(opts, distlock.WithAutoExtend())
	}
	ctx, cancel := context.WithTimeout(context.Background(), between(w.rand, ttl, 4*ttl))
	if w.rand.IntN(6) == 0 {
		ctx, cancel = context.WithTimeout(context.Background(), between(w.rand, 0, w.patience))
	}
	defer cancel()
	o := chaos.Op{Kind: chaos.OpAcquire, Key: key, Start: w.run.net.now(), TTL: ttl}
	pauses := w.paused()
	var h *distlock.Handle
	var err error
	switch w.rand.IntN(3) {
	case 0:
		o.Bound = w.bound()
		h, err = w.locker.TryAcquire(ctx, key, opts...)
	case 1:
		h, err = w.locker.Acquire(ctx, key, opts...)
	default:
		timeout := between(w.rand, 0, 3*ttl) + 1
		o.Bound = timeout + w.bound()
		h, err = w.locker.WaitForLock(ctx, key, timeout, opts...)
	}
	o.Attempts = w.attempts(h, err)
	if h != nil {
		o.Token, o.Fencing = h.Token(), h.FencingToken()
		o.Until = w.until(h.Token(), h.ValidUntil(), h.Info().AcquiredAt)
	}
	w.record(o, err, pauses)
	return h
}

// use works under the lock.
func (w *worker) use(h *distlock.Handle, hold time.Duration) {
	if w.isDead() {
		return
	}
	key, token, fencing := h.Key(), h.Token(), h.FencingToken()
	reg := &w.run.register
	fenced := !w.run.config.Library.NoFencing
	opened := false
	if fenced {
		o := chaos.Op{Kind: chaos.OpOpen, Key: key, Token: token, Fencing: fencing, Start: w.run.net.now()}
		w.travel(h)
		o.Value, opened = reg.Open(key, token, fencing)
		if !opened {
			o.Outcome = chaos.Stale
		}
		w.record(o, nil, 0)
	}
	read := w.run.ledger.Read(key)
	w.sleep(hold / 2)
	if w.rand.IntN(3) == 0 && !w.isDead() {
		w.extend(h)
	}
	w.sleep(hold / 2)
	if w.isDead() {
		return
	}
	if w.rand.IntN(3) > 0 && !h.IsHeld() {
		return // as a program should that has been told
	}
	if opened {
		o := chaos.Op{
			Kind: chaos.OpWrite, Key: key, Token: token, Fencing: fencing, Start: w.run.net.now(),
			Value: w.run.nextValue(),
		}
		w.travel(h)
		if !reg.Write(key, token, fencing, o.Value) {
			o.Outcome = chaos.Stale
		}
		w.record(o, nil, 0)
	}
	o := chaos.Op{Kind: chaos.OpAdd, Key: key, Token: token, Start: w.run.net.now(), Value: w.run.nextValue()}
	w.run.ledger.Put(key, append(read, o.Value))
	w.record(o, nil, 0)
}

// travel is a request's way to the resource: short, or sometimes as long as a lease. A
// client that is paused or killed meanwhile does not call it back.
func (w *worker) travel(h *distlock.Handle) {
	if w.rand.IntN(20) == 0 {
		time.Sleep(between(w.rand, 0, h.Info().TTL))
		return
	}
	time.Sleep(between(w.rand, 50*time.Microsecond, 2*time.Millisecond))
}

func (w *worker) extend(h *distlock.Handle) {
	// An odd number, and leases are of even ones: so that the hook can tell them apart.
	ttl := even(between(w.rand, h.Info().TTL/2, w.run.config.Library.TTL-2*time.Millisecond)) + time.Millisecond
	o := chaos.Op{
		Kind: chaos.OpExtend, Key: h.Key(), Token: h.Token(), Start: w.run.net.now(),
		TTL: ttl, Bound: w.bound(),
	}
	pauses := w.paused()
	sent := time.Now()
	err := h.Extend(context.Background(), ttl)
	o.Until = w.until(h.Token(), h.ValidUntil(), sent)
	w.record(o, err, pauses)
}

// watch records when the end of the lease was signalled.
func (w *worker) watch(h *distlock.Handle, pauses int) {
	defer w.work.Done()
	start := w.run.net.now()
	select {
	case <-h.Done():
	case <-w.run.closed:
		return
	}
	if w.paused() != pauses {
		return // it could not have noticed in time
	}
	w.record(chaos.Op{
		Kind: chaos.OpSignal, Key: h.Key(), Token: h.Token(), Start: start, Until: w.until(h.Token(), h.ValidUntil(), time.Now()),
	}, h.Err(), pauses)
}

func (w *worker) release(h *distlock.Handle) {
	ctx, cancel := context.WithCancel(context.Background())
	if w.rand.IntN(4) == 0 {
		cancel() // it works on a context that has ended
	}
	defer cancel()
	for range 1 + w.rand.IntN(4)/3 { // and a second time
		o := chaos.Op{
			Kind: chaos.OpRelease, Key: h.Key(), Token: h.Token(), Start: w.run.net.now(),
			Bound: w.bound(),
		}
		pauses := w.paused()
		w.record(o, h.Release(ctx), pauses)
	}
}
