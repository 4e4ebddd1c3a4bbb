package chaos

import (
	"context"
	"time"

	"github.com/lilith/distlock"
)

// work is what an actor does under its lease: it opens the fenced resource, reads both,
// thinks, and writes both. Most of it is done in time. Some outstay the lease: those
// that look find out and stop, and those that do not look write late.
func (a *actor) work(ctx context.Context, h *distlock.Handle) {
	opened := a.open(h)
	a.stage.read(a.number, h.Key())
	outstays, looks := a.oneIn(5), a.oneIn(2)
	switch {
	case outstays:
		a.outstay(ctx, h)
	case !a.oneIn(3):
		a.pass(ctx, a.upTo(h.Info().TTL/4))
		for range 1 + a.rand.IntN(3) {
			a.extend(ctx, h)
			a.pass(ctx, a.upTo(h.Info().TTL/12))
		}
	case a.oneIn(4): // several renewals long, if there are any
		a.pass(ctx, a.upTo(a.Config.TTL/3))
	default:
		a.pass(ctx, a.upTo(h.Info().TTL/8))
	}
	if looks && !h.IsHeld() {
		return
	}
	if opened {
		a.write(h)
	}
	a.add(h)
}

// outstay stays until the lease is over and then some. One that is renewed is held for
// a usual lease at most.
func (a *actor) outstay(ctx context.Context, h *distlock.Handle) {
	limit := time.Now().Add(a.Config.TTL)
	for h.IsHeld() && time.Now().Before(limit) && ctx.Err() == nil {
		left := min(time.Until(h.ValidUntil()), time.Until(limit))
		a.pass(ctx, max(left, time.Millisecond))
	}
	a.pass(ctx, a.upTo(a.Config.TTL/4))
}

// extend asks for an extension: by a length that tells it from a renewal, which may be
// made at the same time.
func (a *actor) extend(ctx context.Context, h *distlock.Handle) {
	ttl := a.shareOfLease(0.2, 1)
	if ttl == h.Info().TTL {
		ttl -= time.Millisecond
	}
	o := Op{Kind: OpExtend, Key: h.Key(), Token: h.Token(), Fencing: h.FencingToken(), TTL: ttl, Bound: a.roundBound()}
	a.begin(&o)
	a.ask(h.Token(), ttl)
	err := h.Extend(ctx, ttl)
	a.ask(h.Token(), 0)
	o.Until = a.until(h)
	a.end(o, err)
}

// open raises the fenced resource's mark, before anything is read.
func (a *actor) open(h *distlock.Handle) (ok bool) {
	o := Op{Kind: OpOpen, Key: h.Key(), Token: h.Token(), Fencing: h.FencingToken()}
	a.begin(&o)
	a.stage.gate()
	o.Value, ok = a.stage.open(a.number, h.Key(), h.Token(), h.FencingToken())
	if !ok {
		o.Outcome = Stale
	}
	a.end(o, nil)
	return ok
}

// write writes to the fenced resource. A pause that comes now comes between the last
// check and the write, where only the fence helps.
func (a *actor) write(h *distlock.Handle) {
	o := Op{Kind: OpWrite, Key: h.Key(), Token: h.Token(), Fencing: h.FencingToken(), Value: a.value()}
	a.begin(&o)
	a.stage.gate()
	if !a.stage.write(a.number, h.Key(), h.Token(), h.FencingToken(), o.Value) {
		o.Outcome = Stale
	}
	a.end(o, nil)
}

// add puts back what was read from the unfenced resource, with one more.
func (a *actor) add(h *distlock.Handle) {
	o := Op{Kind: OpAdd, Key: h.Key(), Token: h.Token(), Fencing: h.FencingToken(), Value: a.value()}
	a.begin(&o)
	a.stage.gate()
	a.stage.put(a.number, h.Key(), o.Value)
	a.end(o, nil)
}

// value returns a number that no client has written before.
func (a *actor) value() int64 {
	a.values++
	return int64(a.Index+1)<<44 | int64(a.number)<<40 | int64(a.Life)<<24 | a.values
}
