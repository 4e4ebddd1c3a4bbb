package sim

import (
	"errors"
	"net"
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

// gate returns at once, or when a pause is over. It reports whether there was one.
func (c *client) gate() (paused bool) { return c.gateFor(nil) }

// gateFor is gate for what goes to a node or comes from it. After a pause all that
// waited goes on in the order in which it came, and the nodes in theirs: not at one
// instant, at which the order would be Go's.
func (c *client) gateFor(n *node) (paused bool) {
	c.mu.Lock()
	resumed := c.resumed
	if now := time.Now(); resumed != nil && !now.Equal(c.came) {
		c.came = now
		c.arrivals++
	}
	arrival := c.arrivals
	c.mu.Unlock()
	if resumed == nil {
		return false
	}
	<-resumed
	if n != nil {
		time.Sleep(time.Duration(16*arrival+n.index) * time.Microsecond)
	}
	return true
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
	for _, d := range c.run.nodes {
		d.hangUpAll(c, net.ErrClosed)
	}
	c.resume()
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

// attempts returns how many attempts an acquisition took.
func (c *client) attempts(h *distlock.Handle, err error) int {
	var failure *distlock.AcquisitionError
	if errors.As(err, &failure) {
		return failure.Attempts
	}
	if h == nil {
		return 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	defer delete(c.tries, h.Token())
	return c.tries[h.Token()]
}

// acquired is the Locker's hook: it alone tells how many attempts a success took.
func (c *client) acquired(e distlock.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.tries == nil {
		c.tries = make(map[string]int)
	}
	c.tries[e.Token] = e.Attempt
}

// bound is the longest that an operation may take: two phases, or the second node
// timeout of one node alone, and giving back what was granted in vain.
func (c *client) bound() time.Duration {
	const givingBack = 100 * time.Millisecond
	return 2*c.patience + min(givingBack, c.patience) + time.Millisecond
}

// until returns the end of a lease in the time of the history. An end that has not
// moved is still the one that an earlier request gave: a suspend since does not move it.
func (c *client) until(token string, shown, sent time.Time) time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	if known, ok := c.ends[token]; ok && shown.Equal(known.shown) {
		return known.at
	}
	end := leaseEnd{shown, c.run.at(shown, sent)}
	if c.ends == nil {
		c.ends = make(map[string]leaseEnd)
	}
	c.ends[token] = end
	return end.at
}

// A leaseEnd is a lease's ValidUntil, and the moment of the history that it meant.
type leaseEnd struct {
	shown time.Time
	at    time.Duration
}

// renewed records an automatic extension: it is the Locker's hook.
func (c *client) renewed(e distlock.Event) {
	if e.TTL%(2*time.Millisecond) != 0 {
		return // the client's own
	}
	now := c.run.net.now()
	c.record(chaos.Op{
		Kind: chaos.OpRenew, Key: e.Key, Token: e.Token, Start: now - e.Elapsed,
		TTL: e.TTL, Until: c.until(e.Token, e.ValidUntil, time.Now().Add(-e.Elapsed)),
	}, e.Err, 0)
}
