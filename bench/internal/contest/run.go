package contest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"time"

	"github.com/lilith/distlock/bench/internal/peer"
)

// Progress is told before each turn; Round counts from 1, 0 is the preparation.
type Progress struct {
	Workload   *Workload
	Round, Of  int
	Phase      string
	Contestant string
}

// ErrNotHere is what Run returns for a workload that this system cannot run.
var ErrNotHere = errors.New("needs Linux: processes are bound to a core")

// Run measures w and returns what it gave. A contestant that does not lock, or that
// fails, is in the Result with the reason, and the others go on. It fails where the
// servers do, or where ctx ends: then with the rounds so far, nil if there are none.
func Run(ctx context.Context, w *Workload, b Budget, tell func(Progress)) (_ *Result, err error) {
	began := time.Now()
	if w.Pinned {
		undo, pinned := pin()
		if pinned != nil {
			return nil, fmt.Errorf("%s: %w", w.Name, pinned)
		}
		defer func() { err = errors.Join(err, undo()) }()
	}
	arena, err := newArena(w, b)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", w.Name, err)
	}
	defer func() { err = errors.Join(err, arena.close()) }()
	r := &run{w: w, b: b, tell: tell, arena: arena, order: rand.New(rand.NewPCG(b.Seed, 1)), hangs: make(map[*Entrant]int)}
	for _, c := range w.Contestants {
		r.enter(ctx, c)
	}
	rounds := 0
	for ; rounds < w.Rounds(b); rounds++ {
		if err = r.round(ctx, rounds+1); err != nil {
			err = fmt.Errorf("%s, round %d: %w", w.Name, rounds+1, err)
			break
		}
	}
	took := time.Since(began)
	r.closeAll()
	if rounds == 0 {
		return nil, err
	}
	return r.result(rounds, took), err
}

// A run is a Run under way.
type run struct {
	w     *Workload
	b     Budget
	tell  func(Progress)
	arena *Arena
	order *rand.Rand

	entries  []*Entry   // of all
	entrants []*Entrant // at the same index; nil where it could not take part
	hangs    map[*Entrant]int
}

func (r *run) result(rounds int, took time.Duration) *Result {
	if best := bestOfDraws(r.w, r.arena, r.b.Seed, rounds); best != nil {
		r.entries = append(r.entries, best)
	}
	for _, e := range r.entries {
		e.conclude(r.w.Draw)
	}
	return &Result{Workload: r.w, Rounds: rounds, Took: took, Entries: r.entries}
}

// enter checks that c locks, opens it and warms it up.
func (r *run) enter(ctx context.Context, c peer.Contestant) {
	if ctx.Err() != nil {
		return
	}
	r.tell(Progress{Workload: r.w, Of: r.w.Rounds(r.b), Contestant: c.Name})
	entry := newEntry(c.Name)
	r.entries = append(r.entries, entry)
	r.entrants = append(r.entrants, nil)
	if err := peer.CheckExclusion(ctx, c, r.arena.settings); err != nil {
		entry.fail(err)
		return
	}
	lockers, err := c.Open(r.arena.settings, max(1, r.w.Lockers))
	if err != nil {
		entry.fail(err)
		return
	}
	e := &Entrant{Contestant: c, Lockers: lockers, Arena: r.arena, Key: c.Name + ":warm"}
	r.entrants[len(r.entrants)-1] = e
	entry.fail(r.warm(ctx, e, r.b.Warmup))
}

// warm has clients connect, servers learn scripts, and goroutines grow their stacks.
func (r *run) warm(ctx context.Context, e *Entrant, pairs int) error {
	each := max(2, pairs/len(e.Lockers))
	return bounded(ctx, r.b.Limit, func(ctx context.Context) error {
		for _, l := range e.Lockers {
			for i := range each {
				lock, err := l.Acquire(ctx, e.Key+strconv.Itoa(i))
				if err != nil {
					return err
				}
				if err := lock.Release(ctx); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

func (r *run) round(ctx context.Context, round int) error {
	if err := r.arena.clear(ctx); err != nil {
		return err
	}
	if round > 1 && len(r.w.Phases) > 0 {
		r.heal(ctx)
	}
	for _, p := range r.w.AllPhases() {
		if err := r.phase(ctx, round, p); err != nil {
			return err
		}
	}
	return nil
}

// heal has clients meet what the last round's fault has left them: connections that
// are broken, servers that forgot the scripts. It must not count as the next round's.
func (r *run) heal(ctx context.Context) {
	for i, e := range r.entrants {
		if e != nil {
			e.Key = e.Contestant.Name + ":again"
			r.entries[i].fail(r.warm(ctx, e, r.b.Warmup))
		}
	}
}

func (r *run) phase(ctx context.Context, round int, p Phase) (err error) {
	if p.Leave != nil {
		defer func() { err = errors.Join(err, p.Leave(r.arena)) }()
	}
	if p.Enter != nil {
		if err := p.Enter(r.arena); err != nil {
			return err
		}
	}
	for _, i := range r.order.Perm(len(r.entrants)) {
		e := r.entrants[i]
		if e == nil || r.hangs[e] >= mostHangs {
			continue
		}
		r.tell(Progress{r.w, round, r.w.Rounds(r.b), p.Name, e.Contestant.Name})
		e.Key = fmt.Sprintf("%s:%d%s:", e.Contestant.Name, round, p.Name)
		before := runtime.NumGoroutine()
		var s Sample
		err := bounded(ctx, r.b.Limit, func(ctx context.Context) (err error) {
			s, err = r.w.Measure(ctx, e, r.b)
			return err
		})
		if ctx.Err() != nil { // the turn was cut: what it gave is worth nothing
			return ctx.Err()
		}
		if h := (*hangError)(nil); errors.As(err, &h) && h.limit == r.b.Limit {
			r.hangs[e]++
		}
		r.entries[i].fail(err)
		r.entries[i].record(p, r.w.Metrics, s)
		settle(before)
	}
	return nil
}

// settlePatience bounds how long a contestant's stragglers are waited for.
const settlePatience = 50 * time.Millisecond

// settle waits a little until what a turn has left behind has ended, so that it does
// not weigh on the next contestant's.
func settle(goroutines int) {
	for end := time.Now().Add(settlePatience); runtime.NumGoroutine() > goroutines && time.Now().Before(end); {
		time.Sleep(time.Millisecond)
	}
}

// closeAll closes every Locker. That one cannot be closed as it should is a contestant's
// own trouble, and no reason to lose the rest.
func (r *run) closeAll() {
	for i, e := range r.entrants {
		if e != nil {
			r.entries[i].fail(peer.CloseAll(e.Lockers))
		}
	}
}
