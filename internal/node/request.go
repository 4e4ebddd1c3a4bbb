package node

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/lilith/distlock/internal/scripts"
)

// A Request is one Call on its way to one node and back. Its fields are its owner's:
// who made it, then the queue, then whoever takes it to the node.
type Request struct {
	Call  *Call
	To    Asker // is told the answer
	Index int   // of the node, for To

	ctx    context.Context // bounds it
	began  time.Time
	limit  Limit // what ctx may be
	cancel context.CancelFunc
	first  once // the first copy
	args   []any

	value any
	trip  trip
	err   error
	reply Reply

	// The queue's, under its lock.
	next   *Request
	queued bool
	done   chan struct{} // closed when the reply is there; nil where nobody waits for it
}

// An Asker is told the answers to its requests. It must not block.
type Asker interface {
	Answered(i int, r Reply)
}

// limit has the request bounded by its node timeout, until unlimit is called.
func (n *Node) limit(ctx context.Context, r *Request) {
	if !n.line.bare {
		r.ctx, r.cancel = context.WithDeadline(ctx, r.began.Add(r.Call.timeout))
		return
	}
	n.alarms.Start(ctx, &r.limit, r.began, r.Call.timeout)
	r.ctx = &r.limit
}

// ended is closed when the request's time is over or its caller gives up, for who waits
// for that.
func (r *Request) ended() <-chan struct{} {
	if r.ctx == &r.limit {
		r.limit.watch()
	}
	return r.ctx.Done()
}

func (r *Request) unlimit() {
	if r.cancel != nil {
		r.cancel()
	} else {
		r.limit.End()
	}
}

// prepare makes the words of the request, at the last moment. It reports whether it
// is to be sent.
func (n *Node) prepare(r *Request) bool {
	c := r.Call
	if c.repairs {
		n.doubts.add(c.token) // the acquire request may be on its way yet
		if c.Wanted != nil && !c.Wanted() {
			r.reply = Reply{Err: errUnwanted} // released before the doubt was noted
			return false
		}
	}
	r.args = c.args
	if c.guard > 0 {
		r.args = n.guard.addArgs(r.args, c.guard)
	}
	switch c.script {
	case scripts.Release:
		r.args = n.releaseArgs(c, r.args)
	case scripts.HandOver:
		r.args = n.handOverArgs(r.args)
	}
	if !n.line.bare {
		r.args = plain(r.args)
	}
	return true
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

// conclude makes the reply of what came back.
func (n *Node) conclude(r *Request) {
	c := r.Call
	if c.script == scripts.HandOver {
		n.concludeHandOver(r)
		return
	}
	if r.err != nil {
		r.reply = failed(r.err, r.trip, c.timeout)
	} else {
		r.reply = c.parse(r.value)
		r.reply.MaySet, r.reply.Resent = r.trip == tripTwice, r.trip == tripTwice
	}
	if c.guard > 0 && r.err == nil {
		n.guard.judge(&r.reply, r.value, c.guard)
	}
	n.noteSet(r)
	r.reply.Latency = time.Since(r.began)
}

// noteSet remembers what a request may have done to the key.
func (n *Node) noteSet(r *Request) {
	switch {
	case !r.Call.sets:
		r.reply.MaySet = false
	case r.reply.MaySet:
		n.doubts.add(r.Call.token)
	case r.err != nil && r.trip == tripUnsent:
		n.unsent.add(r.Call.token)
	}
}

// quick reports whether the answer was there within the headway of being asked.
func (r *Request) quick() bool { return 0 < r.reply.Latency && r.reply.Latency < headway }

// releaseArgs are those of a release, for this node: it may know of a request that could
// set the key yet, and has a place in the queue that is not to be told.
func (n *Node) releaseArgs(c *Call, args []any) []any {
	keys := args[2].(int)
	doubtful, own := n.doubts.has(c.token), ""
	if keys == 3 {
		own = n.inboxes.entryFor(c.key)
	}
	if !doubtful && own == "" {
		return args
	}
	args = slices.Clone(args)
	if doubtful {
		args[2+keys+releaseAbandon] = abandoned
	}
	if own != "" {
		args[len(args)-1] = own
	}
	return args
}
