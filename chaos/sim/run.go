package sim

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
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
	values   atomic.Int64
	suspends []suspension

	mu      sync.Mutex
	clients []*client
	past    []*client // killed
	lines   int       // of each node, in use
}

// A suspension is a moment since the bubble began, and what had been slept by then.
type suspension struct {
	at, total time.Duration
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
	r := &run{config: c, net: newNetwork(rand.New(rand.NewPCG(c.Seed, 0x4e7)), c.Storm)}
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
	done := make(chan struct{})
	go func() { // ends with the clients
		for _, cl := range r.all() {
			cl.work.Wait()
		}
		close(done)
	}()
	// As long as an acquisition may wait, a lease may be used, and a sweep may take.
	end := c.Duration + c.Calm
	for finished := false; !finished; {
		end += time.Second
		r.net.run(end)
		select {
		case <-done:
			finished = true
		default:
		}
	}
	r.net.run(end + settle + 2*c.Library.NodeTimeout)
	h := r.finish()
	return &Result{Config: c, History: h, Verdict: chaos.Check(h, r.limits()), Virtual: h.Elapsed}, nil
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
			d.server = newTwin(fmt.Sprintf("%016x%016x", draw.Uint64(), i), d.clock())
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
		rand:     rand.New(rand.NewPCG(r.config.Seed, uint64(index)<<32|uint64(successor))),
		patience: r.config.Library.NodeTimeout,
	}
	c.lateness = time.Duration(2*c.rand.IntN(2)-1) * time.Microsecond
	if successor > 0 {
		c.name += fmt.Sprintf(".%d", successor)
	}
	cfg := r.config.Library
	cfg.Trace = &distlock.Trace{Acquired: c.acquired, Extended: c.renewed}
	clients := make([]redis.UniversalClient, len(r.nodes))
	for i, d := range r.nodes {
		l := kept[i][r.lines]
		l.handle = func(ctx context.Context, cmd redis.Cmder) error { return r.net.ask(ctx, c, d, cmd) }
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
	c.work.Add(1)
	go c.live() // simulate waits for it
	return nil
}

func (r *run) all() []*client {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append(slices.Clone(r.past), r.clients...)
}

func (r *run) stopped() bool { return r.stop.Load() }

func (r *run) nextValue() int64 { return r.values.Add(1) }

// suspend moves the time of the history, and with it every node's clock.
func (r *run) suspend(d time.Duration) {
	r.net.suspend(d)
	r.mu.Lock()
	defer r.mu.Unlock()
	total := d
	if n := len(r.suspends); n > 0 {
		total += r.suspends[n-1].total
	}
	r.suspends = append(r.suspends, suspension{time.Since(r.net.began), total})
}

// at returns the moment of the history that a client called t, as it saw things when
// it sent the request that t comes from.
func (r *run) at(t, sent time.Time) time.Duration {
	at := t.Sub(r.net.began)
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := len(r.suspends) - 1; i >= 0; i-- {
		if r.suspends[i].at <= sent.Sub(r.net.began) {
			return at + r.suspends[i].total
		}
	}
	return at
}

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
		return strings.Compare(a.Client+string(a.Kind)+a.Token, b.Client+string(b.Kind)+b.Token)
	})
	return h
}

// close ends what the run started, so that its bubble can end.
func (r *run) close() {
	r.stop.Store(true)
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

// Nodes implements [chaos.World].
func (r *run) Nodes() []chaos.Node {
	nodes := make([]chaos.Node, len(r.nodes))
	for i, d := range r.nodes {
		nodes[i] = d
	}
	return nodes
}

// Clients implements [chaos.World].
func (r *run) Clients() []chaos.Client {
	clients := make([]chaos.Client, len(r.clients))
	for i := range r.clients {
		clients[i] = place{r, i}
	}
	return clients
}

// A place is where a client is, and after its end another.
type place struct {
	run   *run
	index int
}

func (p place) client() *client { return p.run.clients[p.index] }

// Name implements [chaos.Client].
func (p place) Name() string { return p.client().name }

// Pause implements [chaos.Client].
func (p place) Pause(context.Context) error {
	p.client().pause()
	return nil
}

// Resume implements [chaos.Client].
func (p place) Resume(context.Context) error {
	p.client().resume()
	return nil
}

// Crash implements [chaos.Client].
func (p place) Crash(context.Context) error {
	p.client().kill()
	return nil
}

// Start implements [chaos.Client].
func (p place) Start(context.Context) error {
	successor := 1
	for _, c := range p.run.past {
		if c.index == p.index {
			successor++
		}
	}
	return p.run.spawn(p.index, successor)
}

// A source is a seeded stream of bytes, for tokens.
type source struct {
	mu   sync.Mutex
	rand *rand.PCG
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := 0; i < len(p); i += 8 {
		var word [8]byte
		binary.LittleEndian.PutUint64(word[:], s.rand.Uint64())
		copy(p[i:], word[:])
	}
	return len(p), nil
}

var errUnhealed = errors.New("a fault could not be healed")
