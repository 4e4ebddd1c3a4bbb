package chaos

import (
	"context"
	"sync"
	"time"
)

// pending are the operations of a client that have begun and not ended, at most one of
// each kind. Its zero value has none. It is safe for concurrent use.
type pending struct {
	mu      sync.Mutex
	ops     []Op
	waiting map[OpKind]chan struct{} // closed when one of the kind begins
}

// begin notes that o has begun, and reports whether somebody waited for that.
func (p *pending) begin(o Op) (awaited bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.removeLocked(o.Kind)
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
	p.removeLocked(o.Kind)
}

func (p *pending) removeLocked(kind OpKind) {
	for i := range p.ops {
		if p.ops[i].Kind == kind {
			p.ops = append(p.ops[:i], p.ops[i+1:]...)
			return
		}
	}
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
