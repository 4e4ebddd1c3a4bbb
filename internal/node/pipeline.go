package node

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// fly makes the requests, several in a pipeline, or piped in any case, and has their
// replies in them when it returns.
func (n *Node) fly(piped bool, batch ...*Request) {
	if len(batch) == 1 && !piped {
		if r := batch[0]; n.prepare(r) {
			r.value, r.trip, r.err = n.line.run(r.ctx, &r.first, r.Call.script, r.args, r.Call.key, r.Call.timeout,
				func() bool { return n.again(r.Call) })
			n.conclude(r)
		}
		return
	}
	ready := make([]*Request, 0, len(batch))
	for _, r := range batch {
		if n.prepare(r) {
			ready = append(ready, r)
		}
	}
	n.runTogether(ready)
	for _, r := range ready {
		n.conclude(r)
	}
}

// giveUp ends a request that has not left.
func (n *Node) giveUp(r *Request, err error) {
	r.trip, r.err = tripUnsent, err
	n.conclude(r)
}

// tell has the reply known to who waits for it.
func (r *Request) tell() {
	if r.done != nil {
		close(r.done)
	} else {
		r.To.Answered(r.Index, r.reply)
	}
}

// runTogether is run for several requests: those whose connection broke are worth a
// second copy, each if it is asked whether it is.
func (n *Node) runTogether(batch []*Request) {
	n.evalTogether(batch)
	var second []*Request
	for _, r := range batch {
		switch {
		case r.err == nil:
			r.trip = tripOnce
		case broken(r.err) && r.ctx.Err() == nil && n.again(r.Call):
			r.trip = tripTwice
			second = append(second, r)
		case !r.first.read.Load():
			r.trip = tripUnsent
		}
	}
	n.evalTogether(second)
}

// evalTogether is eval for several requests.
func (n *Node) evalTogether(batch []*Request) {
	n.sendTogether(batch, func(r *Request) []any { return r.args })
	var unknown []*Request // to the node: their scripts
	for _, r := range batch {
		if r.err != nil && redis.HasErrorPrefix(r.err, "NOSCRIPT") {
			unknown = append(unknown, r)
		}
	}
	n.sendTogether(unknown, func(r *Request) []any {
		return append([]any{"eval", r.Call.script.Source}, r.args[2:]...)
	})
}

// sendTogether is send for several requests with the same time left.
func (n *Node) sendTogether(batch []*Request, args func(*Request) []any) {
	if len(batch) == 0 {
		return
	}
	client := n.line.client.(*redis.Client) // as a queue that shares pipelines knows
	timeout := whatIsLeft(batch[0].ctx, batch[0].Call.timeout)
	// No request's own context: who gives up one must not end the others.
	ctx := context.WithoutCancel(batch[0].ctx)
	if n.line.bare {
		limit := new(Limit)
		n.alarms.Start(ctx, limit, time.Now(), timeout)
		defer limit.End()
		ctx = limit
	} else {
		bounded, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		ctx = bounded
	}
	cmds := make([]redis.Cmder, len(batch))
	for i, r := range batch {
		cmd := &r.first
		if cmd.Cmd != nil {
			cmd = new(once)
		}
		cmd.Cmd = redis.NewCmd(ctx, args(r)...)
		cmd.SetFirstKeyPos(3)
		cmds[i] = cmd
	}
	pipe := n.line.bounded(client, timeout).Pipeline()
	_ = pipe.BatchProcess(ctx, cmds...) // which only takes note of them
	_, err := pipe.Exec(ctx)
	for i, r := range batch {
		cmd := cmds[i].(*once)
		r.value, r.err = cmd.Val(), cmd.Err()
		switch {
		case r.value != nil:
			r.err = nil // answered before the connection broke, which go-redis puts in all
		case r.err == nil:
			r.err = err
		}
	}
}
