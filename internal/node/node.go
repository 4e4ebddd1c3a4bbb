// Package node speaks to one Redis node: it runs a script there, bounds the time
// that takes whatever the client's settings are, and turns what comes back into a
// vote. It decides nothing about a quorum.
package node

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/clock"
	"github.com/lilith/distlock/internal/scripts"
)

// A Node is one Redis node, or what acts as one for any given key: a Cluster, a
// Ring, a failover group. Its methods are safe for concurrent use.
type Node struct {
	name  string
	line  line
	guard guard
	sweep sweeper

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
	Outcome   distlock.Outcome
	Rejected  bool          // Unreachable, by an error that retrying cannot mend
	Absent    bool          // Refused, and nobody has the key
	Woken     bool          // of Release: somebody who waits elsewhere was told
	Counter   int64         // the fencing counter, where told
	Held      bool          // of Inspect: somebody has the key
	Owner     string        // of Inspect; may be "" for a key that is not ours
	Remaining time.Duration // of the owner's lease, 0 where unknown
	VotesIn   time.Duration // Abstained: until the node votes again, at most
	Err       error

	// MaySet tells that a request of this Call may set the key yet: it went
	// unanswered, or was sent a second time.
	MaySet bool

	// Resent tells that the answer is the second copy's.
	Resent bool

	Latency time.Duration
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
	start := time.Now()
	if c.repairs {
		n.doubts.add(c.token) // the acquire request may be on its way yet
		if c.Wanted != nil && !c.Wanted() {
			return Reply{Err: errUnwanted} // released before the doubt was noted
		}
	}
	args := c.args
	if c.guard > 0 {
		args = n.guard.addArgs(args, c.guard)
	}
	if c.script == scripts.Release {
		args = n.releaseArgs(c)
	}
	value, trip, err := n.line.run(ctx, c.script, args, c.key, c.timeout, func() bool { return n.again(c) })
	var r Reply
	if err != nil {
		r = failed(err, trip, c.timeout)
	} else {
		r = c.parse(value)
		r.MaySet, r.Resent = trip == tripTwice, trip == tripTwice
	}
	if c.guard > 0 && err == nil {
		n.guard.judge(&r, value, c.guard)
	}
	switch {
	case !c.sets:
		r.MaySet = false
	case r.MaySet:
		n.doubts.add(c.token)
	case err != nil && trip == tripUnsent:
		n.unsent.add(c.token)
	}
	r.Latency = time.Since(start)
	return r
}

// releaseArgs are those of a release, for this node: it may know of a request that could
// set the key yet, and has a place in the queue that is not to be told.
func (n *Node) releaseArgs(c *Call) []any {
	keys := c.args[2].(int)
	doubtful, own := n.doubts.has(c.token), ""
	if keys == 3 {
		own = n.inboxes.entryFor(c.key)
	}
	if !doubtful && own == "" {
		return c.args
	}
	args := slices.Clone(c.args)
	if doubtful {
		args[2+keys+releaseAbandon] = abandoned
	}
	if own != "" {
		args[len(args)-1] = own
	}
	return args
}

var errUnwanted = errors.New("not asked: the lease has ended")

// again reports whether a call whose connection broke is sent a second time. One
// that sets the key leaves a doubt behind: copies of it may arrive in any order with
// the release.
func (n *Node) again(c *Call) bool {
	if c.sets {
		n.doubts.add(c.token) // before the question: a release after it finds the doubt
	}
	return c.Wanted == nil || c.Wanted()
}

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
	return n.line.settle(closeAtMost)
}

// closeAtMost is what is left of the two seconds after the sweeper's last attempts.
const closeAtMost = 300 * time.Millisecond
