package chaos

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"time"
)

// A Nemesis injects the faults of a plan into a world, and heals them. Its zero value
// is ready; Run it once. The other methods may be called meanwhile.
type Nemesis struct {
	mu          sync.Mutex
	active      []string // in the order of their injection
	injected    int
	skipped     int
	unsupported map[Row]string
	impossible  map[string]bool // forms of faults that the world said it cannot suffer
	last        map[string]chan struct{}
}

// Injected returns how many faults have been injected so far.
func (n *Nemesis) Injected() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.injected
}

// Skipped returns how many faults of the plan were left out so far: the world cannot
// suffer them, their node was still being healed, or there was nothing to hurt.
func (n *Nemesis) Skipped() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.skipped
}

// Active returns the faults that rage, by their String.
func (n *Nemesis) Active() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return slices.Clone(n.active)
}

// Unsupported returns, for each row of which the world cannot suffer some fault, why.
func (n *Nemesis) Unsupported() map[Row]string {
	n.mu.Lock()
	defer n.mu.Unlock()
	reasons := make(map[Row]string, len(n.unsupported))
	for row, reason := range n.unsupported {
		reasons[row] = reason
	}
	return reasons
}

// Run injects each fault at its time, counted from now, into w, heals it, and records
// it. It returns when the last is healed; when ctx ends it injects no more, heals what
// rages, and returns nil too. Faults that act on one node or client come one after the
// other, however long that takes.
//
// An error tells of a fault that could not be healed within half a minute: the world is
// of no use any more. Where a fault could not be injected, that stands in the history.
func (n *Nemesis) Run(ctx context.Context, plan []Planned, w World, r *Recorder) error {
	n.mu.Lock()
	n.unsupported, n.impossible, n.last = make(map[Row]string), make(map[string]bool), make(map[string]chan struct{})
	n.mu.Unlock()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	start := time.Now()
	for _, p := range plan {
		if !sleep(ctx, p.At-time.Since(start)) {
			break
		}
		turn := n.queue(p.Fault, w)
		wg.Go(func() { // waited for below
			defer close(turn.over)
			if err := n.suffer(ctx, p, turn, w, r); err != nil {
				mu.Lock()
				defer mu.Unlock()
				errs = append(errs, err)
			}
		})
	}
	wg.Wait()
	r.Amend(func(h *History) { h.Healed = r.now() })
	return errors.Join(errs...)
}

// A turn is a fault's place in the queues for what it acts on.
type turn struct {
	before []chan struct{} // each closed when the fault before this one is healed
	over   chan struct{}   // closed when this one is
}

func (n *Nemesis) queue(f Fault, w World) turn {
	n.mu.Lock()
	defer n.mu.Unlock()
	t := turn{over: make(chan struct{})}
	for _, id := range acted(f, w) {
		if before := n.last[id]; before != nil {
			t.before = append(t.before, before)
		}
		n.last[id] = t.over
	}
	return t
}

// acted tells what f acts on. A client keeps its place when another takes it, though
// not its name.
func acted(f Fault, w World) []string {
	var ids []string
	if f, ok := f.(Wide); ok {
		for _, i := range f.On().List() {
			ids = append(ids, "node "+nodeName(w, i))
		}
		return ids
	}
	node, client := f.Target(w)
	if node != "" {
		ids = append(ids, "node "+node)
	}
	for i, c := range w.Clients() {
		if client != "" && c.Name() == client {
			ids = append(ids, fmt.Sprintf("client %d", i))
		}
	}
	return ids
}

// suffer sees one fault through, from its turn to its healing.
func (n *Nemesis) suffer(ctx context.Context, p Planned, t turn, w World, r *Recorder) error {
	patience, cancel := context.WithTimeout(ctx, max(p.For, minPatience))
	defer cancel()
	for _, before := range t.before {
		select {
		case <-before:
		case <-patience.Done():
			<-before // whoever comes after must not overtake it
			n.skip(p.Fault, nil)
			return nil
		}
	}
	if n.isImpossible(p.Fault) {
		n.skip(p.Fault, nil)
		return nil
	}
	if f, ok := p.Fault.(Aimed); ok {
		aiming, cancel := context.WithTimeout(ctx, max(p.For, aimWithin))
		_ = f.Aim(aiming, w) // where the moment does not come, any will do
		cancel()
	}
	if ctx.Err() != nil {
		return nil
	}
	name := p.Fault.String()
	heal, err := Inject(ctx, p.Fault, w, r)
	if err != nil {
		n.skip(p.Fault, err)
		return nil
	}
	if _, harmless := p.Fault.(Remember); harmless {
		return nil
	}
	n.begin(name)
	defer n.end(name)
	sleep(ctx, p.For)
	return heal()
}

const (
	minPatience = 100 * time.Millisecond // with a node that is not free yet
	aimWithin   = 2 * time.Second        // with a moment that does not come
)

func (n *Nemesis) begin(fault string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.injected++
	n.active = append(n.active, fault)
}

func (n *Nemesis) end(fault string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	i := slices.Index(n.active, fault)
	n.active = slices.Delete(n.active, i, i+1)
}

func (n *Nemesis) isImpossible(f Fault) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.impossible[form(f)]
}

// skip counts a fault that did not come, and remembers what the world cannot suffer.
func (n *Nemesis) skip(f Fault, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.skipped++
	if errors.Is(err, ErrUnsupported) {
		n.impossible[form(f)] = true
		n.unsupported[f.Row()] = err.Error()
	}
}

// form tells faults of a row apart that a world may not all be able to suffer.
func form(f Fault) string {
	s := fmt.Sprintf("%v %v", f.Row(), reflect.TypeOf(f))
	switch f := f.(type) {
	case Suffer:
		return s + f.From.String()
	case Cut:
		return s + f.Way.String()
	case Partitioned:
		return s + f.Way.String()
	case StayDown:
		return s + f.With.String()
	case PowerCut:
		return s + f.With.String()
	}
	return s
}

// sleep waits for d, and reports whether ctx let it.
func sleep(ctx context.Context, d time.Duration) bool {
	if d <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
