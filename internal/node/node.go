// Package node speaks to one Redis node: it runs a script there, bounds the time
// that takes whatever the client's settings are, and turns what comes back into a
// vote. It decides nothing about a quorum.
package node

import (
	"context"
	"fmt"
	"reflect"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/clock"
)

// A Node is one Redis node, or what acts as one for any given key: a Cluster, a
// Ring, a failover group. Its methods are safe for concurrent use.
type Node struct {
	name   string
	line   line
	queue  queue
	guard  guard
	sweep  sweeper
	alarms Alarms

	// doubts are the tokens of which a request that sets the key may be on its way
	// yet, though another was answered: a second copy was sent after the connection
	// broke, or the key was repaired where the acquire request had gone unanswered. The
	// release of such a token leaves a tombstone even where it finds the key and
	// deletes it; of one forgotten, a key may at worst stand for its TTL.
	doubts tokens

	// unsent are the tokens whose acquire request never left for the node. Nothing need
	// be abandoned for one that has no doubt besides; one forgotten is abandoned in vain.
	unsent tokens

	inboxes inboxes
}

// New returns the node behind client, the index-th of its Locker counted from 0.
// The client stays the caller's: it is neither changed nor closed.
func New(client redis.UniversalClient, index int) *Node {
	n := &Node{name: nameOf(client, index), line: line{client: client}}
	n.line.init()
	n.queue.init(n)
	n.sweep.init(n)
	n.inboxes.init(n)
	return n
}

// Check returns an error where client cannot be used: nil, or a nil pointer.
func Check(client redis.UniversalClient, what string) error {
	if client == nil || reflect.ValueOf(client).Kind() == reflect.Pointer && reflect.ValueOf(client).IsNil() {
		return fmt.Errorf("%w: %s is nil: give a go-redis client", distlock.ErrInvalidArgument, what)
	}
	return nil
}

func nameOf(client redis.UniversalClient, index int) string {
	// A failover client has a word of go-redis's own for its address.
	if c, ok := client.(*redis.Client); ok && c.Options().Addr != "" && c.Options().Addr != "FailoverClient" {
		return c.Options().Addr
	}
	return fmt.Sprintf("node %d", index+1)
}

// Name returns the node's address, or "node N" where its client tells none.
func (n *Node) Name() string { return n.name }

// A Reply is what one node said to one Call.
type Reply struct {
	Outcome  distlock.Outcome
	Rejected bool // Unreachable, by an error that retrying cannot mend
	Absent   bool // Refused, and nobody has the key
	Woken    bool // of Release: somebody who waits elsewhere was told
	Held     bool // of Inspect: somebody has the key

	// MaySet tells that a request of this Call may set the key yet: it went
	// unanswered, or was sent a second time.
	MaySet bool

	// Resent tells that the answer is the second copy's.
	Resent bool

	// Undecided, of what a HandOver released: a release is to be asked for alone.
	Undecided bool

	Counter   int64         // the fencing counter, where told
	Owner     string        // of Inspect; may be "" for a key that is not ours
	Remaining time.Duration // of the owner's lease, 0 where unknown
	VotesIn   time.Duration // Abstained: until the node votes again, at most
	Latency   time.Duration
	Err       error

	// Released, of a HandOver, is the reply to its release; the rest is the reply to its
	// acquisition.
	Released *Reply
}

// Vote returns the reply as the library's users see it.
func (n *Node) Vote(r Reply) distlock.Vote {
	return distlock.Vote{Node: n.name, Outcome: r.Outcome, Latency: r.Latency, Remaining: r.Remaining, Err: r.Err}
}

// Ask makes the call and returns the node's answer, within the call's node
// timeout, or twice that where a connection must be made first and the node hangs
// while it is. ctx can end the wait for a connection; a request that was sent is
// waited for.
func (n *Node) Ask(ctx context.Context, c *Call) Reply {
	w := newAwaited(ctx, c)
	n.queue.ask(w)
	return w.reply
}

// AskInTime is Ask that waits no longer than the call's node timeout for a connection
// either, and sends nothing where ctx has ended.
func (n *Node) AskInTime(ctx context.Context, c *Call) Reply {
	w := newAwaited(ctx, c)
	if err := ctx.Err(); err != nil {
		n.giveUp(&w.Request, err)
		return w.reply
	}
	n.bound(w)
	defer w.unbound()
	n.queue.ask(w)
	return w.reply
}

// Post is Ask for who does not wait: the answer goes to r.To, on another goroutine.
// ctx must be bounded by the node timeout.
func (n *Node) Post(ctx context.Context, r *Request, now time.Time) {
	r.ctx, r.began = ctx, now
	n.queue.post(r)
}

// Bare reports whether a [Limit] may bound requests: no hook of the user's sees them.
func (n *Node) Bare() bool { return n.line.bare }

// Wait waits until no request is under way, but not longer than d, and reports
// whether so.
func (n *Node) Wait(d time.Duration) bool { return n.queue.wait(d) }

// Abandon has the lock deleted on this node, with a tombstone, as soon as the
// node answers: at once, or in the background for as long as that is worth it.
//
// A node that hangs is soon not even sent what it is asked, as the client's connections
// are used up: for those tokens nothing is owed, or the few requests that did leave
// would be lost among thousands that did not.
func (n *Node) Abandon(key, token string, ttl time.Duration) {
	if n.unsent.has(token) && !n.doubts.has(token) {
		return
	}
	n.sweep.add(debt{key: key, token: token, ttl: ttl, until: clock.Now().Add(max(2*ttl, sweepAtLeast))})
}

// Close ends the node's background work, within two seconds, and returns an error
// where that could not be done.
func (n *Node) Close() error {
	n.sweep.close()
	n.inboxes.close()
	n.queue.close()
	return n.line.settle(closeAtMost)
}

// closeAtMost is what is left of the two seconds after the sweeper's last attempts.
const closeAtMost = 300 * time.Millisecond
