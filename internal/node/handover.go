package node

import (
	"context"
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

// HandOver makes a call of HandOver's, and returns what became of the release and of
// the acquisition. Where the node answers it with an error, release is asked for alone:
// what stands in the way of an acquisition must not hold up a release.
func (n *Node) HandOver(ctx context.Context, c, alone *Call) (released, acquired Reply) {
	start := time.Now()
	args := c.args
	keys := c.args[2].(int)
	if old := args[2+keys+handOverToken].(string); n.doubts.has(old) {
		args = slices.Clone(args)
		args[2+keys+handOverAbandon] = abandoned
	}
	if c.guard > 0 {
		args = n.guard.addArgs(args, c.guard)
	}
	value, trip, err := n.line.run(ctx, c.script, args, c.key, c.timeout, func() bool { return n.again(c) })
	if err == nil {
		released, acquired = n.parseHandOver(c, value)
		released.Resent, acquired.Resent = trip == tripTwice, trip == tripTwice
		acquired.MaySet = acquired.MaySet || trip == tripTwice
	} else {
		acquired = failed(err, trip, c.timeout)
		if released = acquired; answered(err) {
			released = n.Ask(ctx, alone)
			released.Resent = true // the hand-over may have released it
		}
	}
	switch {
	case acquired.MaySet:
		n.doubts.add(c.token)
	case err != nil && trip == tripUnsent:
		n.unsent.add(c.token)
	}
	released.MaySet = false
	acquired.Latency = time.Since(start)
	released.Latency = acquired.Latency
	return released, acquired
}

// parseHandOver takes the answer apart: each half is what its script answers.
func (n *Node) parseHandOver(c *Call, value any) (released, acquired Reply) {
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
