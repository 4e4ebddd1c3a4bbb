package node

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// fly makes one request, and has what came back in it when it returns. left is what
// the first copy has left of its timeout.
func (n *Node) fly(r *Request, left time.Duration) {
	if n.prepare(r) {
		n.line.run(r, left, func() bool { return n.again(r.Call) })
	}
}

// flyTogether is fly for several requests, in a pipeline.
func (n *Node) flyTogether(batch []*Request) {
	ready := make([]*Request, 0, len(batch))
	for _, r := range batch {
		if n.prepare(r) {
			ready = append(ready, r)
		}
	}
	n.runTogether(ready)
}

// giveUp ends a request that has not left, and tells its Asker.
func (n *Node) giveUp(r *Request, err error) {
	r.trip, r.err = tripUnsent, err
	n.tell(r)
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
