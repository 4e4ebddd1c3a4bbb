package sim

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/chaos"
	"github.com/lilith/distlock/internal/clock"
	"github.com/lilith/distlock/redlock"
	"github.com/lilith/distlock/single"
)

// A Result is what one run gave.
type Result struct {
	Config  Config
	History *chaos.History
	Verdict chaos.Verdict
	Virtual time.Duration // that passed

	HandOvers int // requests of a hand-over that a node carried out
	Told      int // messages that a lock is free, sent to one who waits elsewhere
}

// OK reports whether nothing was violated.
func (r *Result) OK() bool { return len(r.Verdict.Violations) == 0 }

// A run is a world: nodes, clients, and what lies between. It implements
// [chaos.World].
type run struct {
	config   Config
	net      *network
	nodes    []*node
	recorder *chaos.Recorder
	register chaos.Register
	ledger   chaos.Ledger
	stop     atomic.Bool
	closed   chan struct{}
	values   atomic.Int64
	suspends []suspension

	mu      sync.Mutex
	clients []*client
	past    []*client // killed
	lines   int       // of each node, in use
}

// one has the process run one simulation at a time: uuid's source of randomness and
// the clock belong to the process.
var one sync.Mutex

// Run makes the run that c describes, in a bubble of its own, and checks it. It
// returns an error where the run could not be made, not where it found something.
func Run(t *testing.T, c Config) (*Result, error) {
	one.Lock()
	defer one.Unlock()
	clock.IgnoreSuspends()
	// One processor: which of two goroutines comes first at one instant is then the
	// same each time, and no slower, as they have little to do at once.
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	uuid.SetRand(&source{rand: rand.NewPCG(c.Seed, 0x70c)})
	defer uuid.SetRand(nil)
	kept.ready(c.Nodes, c.holders())
	var result *Result
	var err error
	synctest.Test(t, func(*testing.T) { result, err = simulate(c) })
	return result, err
}

// simulate is a run, inside its bubble.
func simulate(c Config) (*Result, error) {
	r := &run{config: c, net: newNetwork(rand.New(rand.NewPCG(c.Seed, 0x4e7)), c.Storm), closed: make(chan struct{})}
	r.recorder = chaos.NewRecorderAt(r.net.now)
	defer r.close()
	if err := r.start(); err != nil {
		return nil, err
	}
	broken := r.plan()
	r.net.run(c.Duration)
	if err := r.heal(broken); err != nil {
		return nil, err
	}
	r.net.run(c.Duration + c.Calm)
	r.stop.Store(true)
	end, ended := r.await(c.Duration + c.Calm)
	r.net.run(end + settle + 2*c.Library.NodeTimeout)
	h := r.finish()
	v := chaos.Check(h, r.limits())
	if !ended {
		v.Violations = append(v.Violations, chaos.Violation{
			Invariant: "I8", At: h.Elapsed,
			Text: fmt.Sprintf("a client has not ended %v after it was told to: an operation does not return, or a lease's end is not signalled", end-c.Duration-c.Calm),
		})
	}
	return &Result{Config: c, History: h, Verdict: v, Virtual: h.Elapsed, HandOvers: r.net.handed, Told: r.net.told}, nil
}

// await lets things happen until the clients, which have been told to at that time,
// have ended; or for far longer than an acquisition may wait, a lease may be used, and a
// sweep may take, all together.
func (r *run) await(from time.Duration) (until time.Duration, ended bool) {
	done := make(chan struct{})
	go func() { // ends with the clients, at the latest when the run is closed
		for _, cl := range r.all() {
			cl.work.Wait()
		}
		close(done)
	}()
	last := from + r.config.Think + 20*r.config.Library.TTL + 10*time.Minute
	for until = from; until < last; {
		until += time.Second
		r.net.run(until)
		select {
		case <-done:
			return until, true
		default:
		}
	}
	return until, false
}

// driftFactor is the library's default.
const driftFactor = 0.01

// settle is how long the library may take to clean up behind itself once all nodes
// answer.
const settle = 3 * time.Second

func (r *run) start() error {
	draw := rand.New(rand.NewPCG(r.config.Seed, 0x0de))
	for i := range r.config.Nodes {
		d := newNode(r.net, i, draw)
		if r.config.Month {
			d.discipline()
		}
		if r.config.Miniredis {
			var err error
			if d.server, err = newMini(d.clock()); err != nil {
				return err
			}
		} else {
			d.server = newTwin(fmt.Sprintf("%016x%016x", draw.Uint64(), i), d.clock(), d.publish)
		}
		r.nodes = append(r.nodes, d)
	}
	for i := range r.config.Clients {
		if err := r.spawn(i, 0); err != nil {
			return err
		}
	}
	return nil
}

// spawn starts the client at a place, as its successor-th.
func (r *run) spawn(index, successor int) error {
	c := &client{
		run: r, index: index, name: fmt.Sprintf("client-%d", index+1),
		patience: r.config.Library.NodeTimeout,
	}
	workers := c.workers(r.config.Workers[index], successor)
	c.lateness = time.Duration(2*workers[0].rand.IntN(2)-1) * time.Microsecond
	if successor > 0 {
		c.name += fmt.Sprintf(".%d", successor)
	}
	cfg := r.config.Library
	cfg.Trace = &distlock.Trace{Acquired: c.acquired, Extended: c.renewed}
	clients := make([]redis.UniversalClient, len(r.nodes))
	for i, d := range r.nodes {
		l := kept[i][r.lines]
		l.handle = func(ctx context.Context, cmd redis.Cmder) error { return r.net.ask(ctx, c, d, cmd) }
		l.dial = func(ctx context.Context) (net.Conn, error) { return r.net.subscribe(ctx, c, d) }
		clients[i] = l.client
	}
	r.lines++
	var err error
	if len(clients) == 1 {
		c.locker, err = single.New(clients[0], cfg)
	} else {
		c.locker, err = redlock.New(clients, cfg)
	}
	if err != nil {
		return fmt.Errorf("simulation of seed %d: %w", r.config.Seed, err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if successor > 0 {
		r.past = append(r.past, r.clients[index])
		r.clients[index] = c
	} else {
		r.clients = append(r.clients, c)
	}
	for _, w := range workers {
		c.work.Add(1)
		go w.live() // simulate waits for it
	}
	return nil
}

func (r *run) all() []*client {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append(slices.Clone(r.past), r.clients...)
}

func (r *run) stopped() bool { return r.stop.Load() }

func (r *run) nextValue() int64 { return r.values.Add(1) }

func (r *run) limits() chaos.Limits {
	lib := &r.config.Library
	late := time.Duration(0)
	if r.config.Storm > 0 {
		late = 2 * lib.NodeTimeout
	}
	return chaos.Limits{
		Late: late, DriftFactor: driftFactor,
		Guarded: lib.RestartGuard > 0, Guard: lib.RestartGuard, LongestTTL: lib.TTL,
		LiveWithin: r.config.Calm, Unfenced: lib.NoFencing,
	}
}

// finish looks at what is left, and returns the history, in an order of its own.
func (r *run) finish() *chaos.History {
	r.recorder.Amend(func(h *chaos.History) {
		h.Settled = r.net.now()
		h.Erased = r.ledger.Erased()
		for _, d := range r.nodes {
			h.Sightings = append(h.Sightings, d.sightings()...)
		}
	})
	h := r.recorder.History()
	slices.SortStableFunc(h.Ops, func(a, b chaos.Op) int {
		switch {
		case a.End != b.End:
			return int(a.End - b.End)
		case a.Start != b.Start:
			return int(a.Start - b.Start)
		}
		return cmp.Or(strings.Compare(a.Client+string(a.Kind)+a.Token, b.Client+string(b.Kind)+b.Token), a.Worker-b.Worker)
	})
	return h
}

// close ends what the run started, so that its bubble can end.
func (r *run) close() {
	r.stop.Store(true)
	close(r.closed)
	var lockers sync.WaitGroup
	for _, c := range r.all() {
		c.kill() // from now on every request fails at once
		lockers.Go(func() { _ = c.locker.Close() })
	}
	lockers.Wait()
	for _, d := range r.nodes {
		d.server.close()
	}
}

var errUnhealed = errors.New("a fault could not be healed")
