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

	ctx   context.Context // bounds it
	began time.Time
	first once // the first copy
	args  []any

	// What came back.
	value any
	err   error
	trip  trip

	// The queue's, under its lock.
	queued bool
	next   *Request
}

// An Asker is told the answers to its requests. It must not block.
type Asker interface {
	Answered(i int, r Reply)
}

// An awaited is a Request whose answer a goroutine waits for.
type awaited struct {
	Request
	reply  Reply
	done   chan struct{} // closed when the reply is there; nil for who asks himself
	limit  Limit         // what ctx may be
	cancel context.CancelFunc
}

func newAwaited(ctx context.Context, c *Call) *awaited {
	w := &awaited{Request: Request{Call: c, ctx: ctx, began: time.Now()}}
	w.To = w
	return w
}

// Answered implements [Asker].
func (w *awaited) Answered(_ int, r Reply) {
	w.reply = r
	if w.done != nil {
		close(w.done)
	}
}

// bound has the request bounded by its node timeout, until unbound is called.
func (n *Node) bound(w *awaited) {
	if !n.line.bare {
		w.ctx, w.cancel = context.WithDeadline(w.ctx, w.began.Add(w.Call.timeout))
		return
	}
	n.alarms.Start(w.ctx, &w.limit, w.began, w.Call.timeout)
	w.ctx = &w.limit
}

// ended is closed when the request's time is over or its caller gives up, for who waits
// for that.
func (w *awaited) ended() <-chan struct{} {
	if w.ctx == &w.limit {
		w.limit.watch()
	}
	return w.ctx.Done()
}

func (w *awaited) unbound() {
	if w.cancel != nil {
		w.cancel()
	} else {
		w.limit.End()
	}
}

// prepare makes the words of the request, at the last moment. It reports whether it
// is to be sent; where not, the reason is in it.
func (n *Node) prepare(r *Request) bool {
	c := r.Call
	if c.repairs {
		n.doubts.add(c.token) // the acquire request may be on its way yet
		if c.Wanted != nil && !c.Wanted() {
			r.err = errUnwanted // released before the doubt was noted
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

// tell makes the reply of what came back and has it known to who waits for it. It
// reports whether the node answered within nearby.
func (n *Node) tell(r *Request) (near bool) {
	var reply Reply
	switch {
	case errors.Is(r.err, errUnwanted):
		reply.Err = r.err
	case r.Call.script == scripts.HandOver:
		reply = n.concludeHandOver(r)
	default:
		reply = n.conclude(r)
	}
	near = r.err == nil && reply.Latency < nearby
	r.To.Answered(r.Index, reply)
	return near
}

func (n *Node) conclude(r *Request) (reply Reply) {
	c := r.Call
	if r.err != nil {
		reply = failed(r.err, r.trip, c.timeout)
	} else {
		reply = c.parse(r.value)
		reply.MaySet, reply.Resent = r.trip == tripTwice, r.trip == tripTwice
		if c.guard > 0 {
			n.guard.judge(&reply, r.value, c.guard)
		}
	}
	n.noteSet(r, &reply)
	reply.Latency = time.Since(r.began)
	return reply
}

// noteSet remembers what a request may have done to the key.
func (n *Node) noteSet(r *Request, reply *Reply) {
	switch {
	case !r.Call.sets:
		reply.MaySet = false
	case reply.MaySet:
		n.doubts.add(r.Call.token)
	case r.err != nil && r.trip == tripUnsent:
		n.unsent.add(r.Call.token)
	}
}

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
