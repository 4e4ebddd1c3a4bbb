package chaos_test

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/lilith/distlock/chaos"
)

// played is the history of a lock that works, over n leases of each of some keys: each
// is granted after the one before it was over, by release, by its end or by its
// holder's crash, and every resource is there.
func played(r *rand.Rand, keys, n int) *chaos.History {
	h := history()
	var register chaos.Register
	var ledger chaos.Ledger
	value := int64(0)
	for key := range keys {
		p := &player{h: h, r: r, key: fmt.Sprintf("key-%d", key), register: &register, ledger: &ledger, value: &value}
		for range n {
			p.lease()
		}
		h.Elapsed = max(h.Elapsed, p.now)
	}
	h.Erased = ledger.Erased()
	return h
}

type player struct {
	h        *chaos.History
	r        *rand.Rand
	key      string
	now      time.Duration
	fencing  int64
	number   int
	register *chaos.Register
	ledger   *chaos.Ledger
	value    *int64
	stale    *chaos.Op // the acquisition of a holder that has not yet learnt that its lease is over
}

// some is a duration up to most, never 0.
func (p *player) some(most time.Duration) time.Duration {
	return 1 + time.Duration(p.r.Int64N(int64(most)))
}

func (p *player) record(o chaos.Op) {
	o.Key = p.key
	p.h.Ops = append(p.h.Ops, o)
}

// op is an operation under a's lease, that begins and ends from now on.
func (p *player) op(a *chaos.Op, kind chaos.OpKind) chaos.Op {
	start := p.now + p.some(ms)
	p.now = start + p.some(ms)
	return chaos.Op{Client: a.Client, Kind: kind, Start: start, End: p.now, Token: a.Token, Fencing: a.Fencing, Outcome: chaos.Done}
}

func (p *player) lease() {
	p.number++
	p.fencing += 1 + p.r.Int64N(3)
	called := p.now + p.some(3*ms)
	p.now = called + p.some(2*ms)
	a := chaos.Op{
		Client: fmt.Sprintf("c%d", p.r.IntN(5)), Kind: chaos.OpAcquire, Start: called, End: p.now, Outcome: chaos.Done,
		Token: fmt.Sprintf("%s-%d", p.key, p.number), Fencing: p.fencing, TTL: 100 * ms, Until: called + 97*ms, Attempts: 1,
		Bound: 10 * ms,
	}
	if p.r.IntN(3) == 0 { // it had waited for the one before
		a.Start, a.Attempts, a.Bound = max(0, a.Start-p.some(80*ms)), 2, 0
	}
	p.record(a)
	open := p.op(&a, chaos.OpOpen)
	open.Value, _ = p.register.Open(p.key, a.Token, a.Fencing)
	p.record(open)
	if p.stale != nil { // it writes at last, past its lease
		late := p.op(p.stale, chaos.OpWrite)
		late.Value, late.Outcome = 1, chaos.Stale
		p.record(late)
		p.stale = nil
	}
	until := a.Until
	for p.r.IntN(3) == 0 {
		p.now += p.some(10 * ms)
		o := p.op(&a, chaos.OpExtend)
		o.TTL, o.Until = 100*ms, o.Start+97*ms
		until = o.Until
		p.record(o)
	}
	*p.value++
	write := p.op(&a, chaos.OpWrite)
	write.Value = *p.value
	p.register.Write(p.key, a.Token, a.Fencing, write.Value)
	p.record(write)
	add := p.op(&a, chaos.OpAdd)
	add.Value = *p.value
	p.ledger.Put(p.key, append(p.ledger.Read(p.key), add.Value))
	p.record(add)
	p.end(&a, until)
}

func (p *player) end(a *chaos.Op, until time.Duration) {
	signal := func(at time.Duration) {
		p.record(chaos.Op{
			Client: a.Client, Kind: chaos.OpSignal, Start: a.End, End: at, Outcome: chaos.Lost, Token: a.Token, Until: until,
		})
	}
	switch p.r.IntN(3) {
	case 0:
		p.stale = a
		p.now = max(p.now, until)
		signal(until)
	default:
		o := p.op(a, chaos.OpRelease)
		o.Bound = 10 * ms
		p.record(o)
		signal(o.Start)
	}
}
