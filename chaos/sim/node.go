package sim

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/lilith/distlock/chaos"
	"github.com/lilith/distlock/internal/scripts"
)

// A redisServer is what a node runs: a twin, or miniredis. Times are the node's own.
type redisServer interface {
	do(now time.Duration, args []any) (any, error)
	restart(now time.Duration, with chaos.Memory) error
	remember(now time.Duration) error
	suffer(c chaos.Condition) error
	keys(now time.Duration) []chaos.Sighting // TTLs as the server has them
	close()
}

// A node is a Redis server with a clock and the network before it. It implements
// [chaos.Node]. All but what mu guards is touched by events alone.
type node struct {
	net    *network
	name   string
	index  int
	server redisServer

	// The node's clock showed zero at the moment since of the history, and has run at
	// rate from then on.
	zero, since time.Duration
	rate, drift float64 // drift is the rate that it has without a fault
	disciplined bool

	mu      sync.Mutex
	down    bool
	frozen  bool
	trouble chaos.Trouble
	backlog []func()         // what came while it was frozen
	deaf    map[*client]bool // whose connection from before passes nothing any more

	subscriptions []*subscription
}

// newNode returns a node, without its server yet, whose clock is a few seconds off,
// and drifts by half of what the library allows for.
func newNode(n *network, index int, r *rand.Rand) *node {
	d := &node{
		net: n, index: index, name: fmt.Sprintf("node-%d", index+1),
		zero:  time.Duration(n.began.UnixNano()) + between(r, 0, 4*time.Second) - 2*time.Second,
		drift: 1 + 0.004*(2*r.Float64()-1),
	}
	d.rate = d.drift
	return d
}

// disciplined is how far the clock of a node is ever off in a run of a month, in which
// a time server would see to that: the library takes an hour for a broken clock.
const disciplined = 25 * time.Minute

// discipline makes the clock one that a time server looks after.
func (d *node) discipline() {
	d.disciplined = true
	d.drift = 1 + (d.drift-1)/1000
	d.rate = d.drift
}

// clock returns what the node's clock shows, since the Unix epoch.
func (d *node) clock() time.Duration {
	return d.zero + time.Duration(float64(d.net.now()-d.since)*d.rate)
}

// Name implements [chaos.Node].
func (d *node) Name() string { return d.name }

// refuses reports whether a connection to the node would be refused.
func (d *node) refuses() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.down || d.trouble.Refuse
}

// state returns what the node and its network are like.
func (d *node) state() (down, frozen bool, t chaos.Trouble) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.down, d.frozen, d.trouble
}

// arrive is a request's arrival.
func (d *node) arrive(r *request) {
	down, frozen, t := d.state()
	switch {
	case down, t.Refuse:
		r.end(answer{err: syscall.ECONNRESET})
	case t.DropRequests, d.hasForgotten(r.client):
	case frozen:
		d.mu.Lock()
		d.backlog = append(d.backlog, func() { d.carryOut(r) })
		d.mu.Unlock()
	default:
		d.carryOut(r)
	}
}

// carryOut runs a request, and sends its answer on its way.
func (d *node) carryOut(r *request) {
	value, err := d.server.do(d.clock(), r.args)
	if r.args[1] == scripts.HandOver.SHAArg {
		d.net.handed++
	}
	_, _, t := d.state()
	if t.DropReplies {
		return
	}
	a := answer{value, err}
	if t.LoseReplies > 0 || t.CutReplies > 0 {
		d.mu.Lock()
		if t.LoseReplies > 0 {
			d.trouble.LoseReplies--
		} else {
			d.trouble.CutReplies--
		}
		d.mu.Unlock()
		a = answer{err: io.EOF}
	}
	d.net.at(d.net.latency(r.client)+t.Delay, func() {
		if _, _, now := d.state(); !now.DropReplies {
			r.end(a)
		}
	})
}

// Crash implements [chaos.Node].
func (d *node) Crash(context.Context) error {
	d.mu.Lock()
	d.down, d.frozen, d.backlog = true, false, nil
	d.mu.Unlock()
	d.hangUpAll(nil, io.EOF)
	return nil
}

// Start implements [chaos.Node].
func (d *node) Start(_ context.Context, with chaos.Memory) error {
	if err := d.server.restart(d.clock(), with); err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.down = false
	return nil
}

// Remember implements [chaos.Node].
func (d *node) Remember(context.Context) error { return d.server.remember(d.clock()) }

// Freeze implements [chaos.Node].
func (d *node) Freeze(context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.frozen = true
	return nil
}

// Thaw implements [chaos.Node]: what came meanwhile is read, whether or not anybody
// waits for it any more.
func (d *node) Thaw(context.Context) error {
	d.mu.Lock()
	backlog := d.backlog
	d.frozen, d.backlog = false, nil
	d.mu.Unlock()
	for i, carryOut := range backlog {
		d.net.at(time.Duration(i)*10*time.Microsecond, carryOut)
	}
	return nil
}

// Trouble implements [chaos.Node].
func (d *node) Trouble(_ context.Context, t chaos.Trouble) error {
	d.mu.Lock()
	d.trouble, d.deaf = t, nil
	if t.HalfOpen {
		d.deaf = make(map[*client]bool)
		for _, s := range d.subscriptions {
			s.deaf = true
		}
	}
	d.mu.Unlock()
	if t.Refuse {
		d.hangUpAll(nil, syscall.ECONNRESET)
	}
	return nil
}

// hasForgotten reports whether a request comes on a connection that is dead and looks
// alive. A client finds out once, by waiting in vain; its next connection is sound.
func (d *node) hasForgotten(c *client) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.deaf == nil || d.deaf[c] {
		return false
	}
	d.deaf[c] = true
	return true
}

// JumpClock implements [chaos.Node].
func (d *node) JumpClock(_ context.Context, by time.Duration) error {
	if d.disciplined {
		off := d.clock() - time.Duration(d.net.began.UnixNano()) - d.net.now()
		by = max(-disciplined, min(off+by, disciplined)) - off
	}
	d.zero += by
	return nil
}

// RateClock implements [chaos.Node].
func (d *node) RateClock(_ context.Context, rate float64) error {
	if d.disciplined && (rate < 0.9 || rate > 1.1) {
		return chaos.ErrUnsupported // it would be hours off before long
	}
	d.zero, d.since = d.clock(), d.net.now()
	d.rate = rate * d.drift
	return nil
}

// Suffer implements [chaos.Node].
func (d *node) Suffer(_ context.Context, c chaos.Condition) error { return d.server.suffer(c) }

// Do implements [chaos.Node].
func (d *node) Do(_ context.Context, args ...any) (any, error) {
	if down, _, _ := d.state(); down {
		return nil, syscall.ECONNREFUSED
	}
	value, err := d.server.do(d.clock(), args)
	if err == redis.Nil { //nolint:errorlint // it is that very value
		err = nil
	}
	return value, err
}

// sightings returns the node's keys.
func (d *node) sightings() []chaos.Sighting {
	found := d.server.keys(d.clock())
	for i := range found {
		found[i].Node, found[i].At = d.name, d.net.now()
	}
	return found
}
