package node

import (
	"slices"
	"time"

	"github.com/lilith/distlock/internal/scripts"
)

// handOverToken and handOverAbandon are where a hand-over's arguments have the token
// that is released, and whether it leaves a tombstone in any case, from the number of
// keys on.
const (
	handOverToken   = 1
	handOverAbandon = 3
)

// handOverArgs are those of a hand-over, for this node: it may know of a request that
// could set the key for the token released yet.
func (n *Node) handOverArgs(args []any) []any {
	keys := args[2].(int)
	if old := *args[2+keys+handOverToken].(*string); n.doubts.has(old) {
		args = slices.Clone(args)
		args[2+keys+handOverAbandon] = abandoned
	}
	return args
}

// concludeHandOver makes two replies of one answer: of the acquisition, and in it of the
// release. Each half of the answer is what its script answers.
func (n *Node) concludeHandOver(r *Request) (reply Reply) {
	var released Reply
	if r.err != nil {
		reply = failed(r.err, r.trip, r.Call.timeout)
		released = reply
		released.MaySet = false
		// Redis refused the one or the other, and what stands in the way of an
		// acquisition must not hold up a release.
		released.Undecided = answered(r.err)
	} else {
		released, reply = n.halves(r.Call, r.value)
		again := r.trip == tripTwice
		released.Resent, reply.Resent = again, again
		reply.MaySet = reply.MaySet || again
	}
	n.noteSet(r, &reply)
	reply.Latency = time.Since(r.began)
	released.Latency = reply.Latency
	reply.Released = &released
	return reply
}

func (n *Node) halves(c *Call, value any) (released, acquired Reply) {
	halves, _ := value.([]any)
	if len(halves) != 2 {
		return unexpected(value), unexpected(value)
	}
	released = (&Call{script: scripts.Release}).parse(halves[0])
	if err, isError := halves[1].(error); isError {
		return released, failed(err, tripOnce, c.timeout)
	}
	acquired = (&Call{script: scripts.Acquire, sets: true}).parse(halves[1])
	if c.guard > 0 {
		n.guard.judge(&acquired, halves[1], c.guard)
	}
	return released, acquired
}
