package sim

import (
	"math/rand/v2"
	"sync"
	"time"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/chaos"
)

// A client is a process that holds locks. It implements [chaos.Client]. Killed, it is
// followed by another of the same name with a number.
type client struct {
	run      *run
	index    int
	name     string
	rand     *rand.Rand
	locker   *distlock.Locker
	patience time.Duration // its node timeout
	lateness time.Duration // of its sockets' deadlines, for each node; below 0 they are early
	work     sync.WaitGroup

	mu      sync.Mutex
	dead    bool
	died    time.Duration // when, where dead
	resumed chan struct{} // not nil while it is paused
	pauses  int           // so far, the machine's suspends included

	ends  map[string]leaseEnd // by token
	tries map[string]int      // by token

	// Of this pause: how many instants saw somebody come to the gate, and the last.
	arrivals int
	came     time.Time
}

// Name implements [chaos.Client].
func (c *client) Name() string { return c.name }

// gate returns at once, or when a pause is over.
func (c *client) gate() { c.gateFor(nil) }

// gateFor is gate for what goes to a node or comes from it. After a pause all that
// waited goes on in the order in which it came, and the nodes in theirs: not at one
// instant, at which the order would be Go's.
func (c *client) gateFor(n *node) {
	c.mu.Lock()
	resumed := c.resumed
	if now := time.Now(); resumed != nil && !now.Equal(c.came) {
		c.came = now
		c.arrivals++
	}
	arrival := c.arrivals
	c.mu.Unlock()
	if resumed == nil {
		return
	}
	<-resumed
	if n != nil {
		time.Sleep(time.Duration(16*arrival+n.index) * time.Microsecond)
	}
}

func (c *client) isDead() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dead
}

func (c *client) paused() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.pauses
}

func (c *client) pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.resumed == nil {
		c.resumed = make(chan struct{})
		c.arrivals = 0
		c.pauses++
	}
}

func (c *client) resume() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.resumed != nil {
		close(c.resumed)
		c.resumed = nil
	}
}

// kill ends the client: nothing it says goes out any more.
func (c *client) kill() {
	now := c.run.net.now()
	c.mu.Lock()
	if !c.dead {
		c.dead, c.died = true, now
	}
	c.mu.Unlock()
	c.resume()
}

// live works until the run stops or the client is killed.
func (c *client) live() {
	defer c.work.Done()
	for !c.isDead() && !c.run.stopped() {
		c.sleep(between(c.rand, 0, c.run.config.Think))
		c.section()
	}
}

// sleep is the user's own code taking its time.
func (c *client) sleep(d time.Duration) {
	time.Sleep(d)
	c.gate()
}

// record completes an operation and records it. What was under way when the client
// was killed nobody knows the end of, and what came after did not happen.
func (c *client) record(o chaos.Op, err error, pauses int) {
	c.mu.Lock()
	dead, died := c.dead, c.died
	c.mu.Unlock()
	o.Client, o.End = c.name, c.run.net.now()
	switch {
	case dead && (o.Start >= died || o.Kind == chaos.OpSignal):
		return
	case dead:
		o.Outcome, o.End, o.Bound = chaos.Unknown, died, 0
		c.run.recorder.Op(o)
		return
	case o.Outcome == "":
		o.Outcome = chaos.OutcomeOf(err)
	}
	if err != nil {
		o.Err = err.Error()
	}
	if c.paused() != pauses {
		o.Bound = 0
	}
	c.run.recorder.Op(o)
}
