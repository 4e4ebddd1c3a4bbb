package chaos

import (
	"context"
	"slices"
	"sync"
	"time"
)

// pending are the operations of a client that have begun and not ended: of each kind at
// most one of each worker, and of renewals one of each lease. Its zero value has none. It is safe for concurrent use.
type pending struct {
	mu      sync.Mutex
	ops     []Op
	waiting map[OpKind]chan struct{} // closed when one of the kind begins
}

// begin notes that o has begun, and reports whether somebody waited for that.
func (p *pending) begin(o Op) (awaited bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.removeLocked(&o)
	p.ops = append(p.ops, o)
	began := p.waiting[o.Kind]
	if began == nil {
		return false
	}
	close(began)
	delete(p.waiting, o.Kind)
	return true
}

// standStill holds an operation that somebody waited for at its beginning, until what
// was aimed at it has struck, or for a moment where nothing does.
func standStill(struck func() bool) {
	for range 50 {
		if struck() {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func (p *pending) end(o Op) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.removeLocked(&o)
	if o.Kind == OpRelease { // which renewals do not outlive
		p.removeLocked(&Op{Kind: OpRenew, Token: o.Token})
	}
}

func (p *pending) removeLocked(o *Op) {
	p.ops = slices.DeleteFunc(p.ops, func(other Op) bool {
		if o.Kind == OpRenew {
			return other.Kind == OpRenew && other.Token == o.Token
		}
		return other.Kind == o.Kind && other.Worker == o.Worker
	})
}

// list returns the operations in the order in which they began.
func (p *pending) list() []Op {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Op(nil), p.ops...)
}

// await waits for an operation of a kind to begin, or for ctx to end.
func (p *pending) await(ctx context.Context, kind OpKind) error {
	p.mu.Lock()
	if p.waiting == nil {
		p.waiting = make(map[OpKind]chan struct{})
	}
	began := p.waiting[kind]
	if began == nil {
		began = make(chan struct{})
		p.waiting[kind] = began
	}
	p.mu.Unlock()
	select {
	case <-began:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
