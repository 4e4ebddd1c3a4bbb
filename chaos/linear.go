package chaos

import (
	"sort"

	"github.com/anishathalye/porcupine"
)

// This file searches for an order of the operations on a fenced lock and the register
// that it guards which explains all their results, each operation taking its effect
// at one moment between its call and its return: linearizability, searched for by
// porcupine, I3. It sees what checkStale does not: a value read that nobody had
// written last, a write refused though no newer token had been there.
//
// Searching takes exponential time at worst in how many operations overlap, and space
// in the square of how many there are; so the history of each key is cut into pieces,
// at moments at which none of its operations is under way. No order can lead across a
// cut, so all of it can be explained where each piece can, from the state that the
// pieces before it lead to; and that state needs no search, for whatever order they
// took effect in:
//
//   - the newest token granted, and the mark, are maxima;
//   - the value is that of the last operation let through with the largest token:
//     tokens let through never fall, and those of one owner follow each other. Where
//     they do not, there is no cut.
//
// An operation that nobody saw the end of (a client was killed) may have taken effect
// at any time after its call, or never. That is over once an operation with a larger
// token has been let through: from there the fence refuses it. So it returns there,
// or, where nobody came after it, never; then nothing is cut after it.

// The search of one piece is bounded, by size and steps rather than by time, so that a
// history's verdict is the same on any machine.
const (
	mostInPiece = 4096
	mostSteps   = 200_000
)

// A fenceState is what the lock and the register behind its fence have come to.
type fenceState struct {
	granted int64 // the newest fencing token
	mark    int64
	owner   string // of the mark
	value   int64
}

// step is one operation: its result is right in state s, and leads to the next.
func (s fenceState) step(o *Op) (bool, fenceState) {
	if o.Kind == OpAcquire {
		ok := o.Fencing > s.granted
		s.granted = max(s.granted, o.Fencing)
		return ok, s
	}
	before := cell{mark: s.mark, owner: s.owner}
	passes := before.passes(o.owner(), o.Fencing)
	switch {
	case o.Outcome == Stale:
		return !passes, s
	case o.Outcome == Done && (!passes || o.Kind == OpOpen && o.Value != s.value):
		return false, s
	case !passes: // unknown, and without effect
		return true, s
	}
	s.mark, s.owner = o.Fencing, o.owner()
	if o.Kind == OpWrite {
		s.value = o.Value
	}
	return true, s
}

// checkOrders searches the history of each key.
func (c *checker) checkOrders() {
	if c.l.Unfenced {
		return
	}
	for _, k := range c.keys {
		if len(k.fenced) == 0 {
			continue
		}
		var state fenceState
		for _, piece := range cut(c.intervals(k)) {
			c.checkPiece(k.key, piece, state)
			for _, x := range piece {
				state = state.after(x.op)
			}
		}
	}
}

// after is the state that an operation leads to, of those that were let through, taken
// by their returns.
func (s fenceState) after(o *Op) fenceState {
	switch {
	case o.Outcome != Done:
	case o.Kind == OpAcquire:
		s.granted = max(s.granted, o.Fencing)
	case o.Fencing >= s.mark:
		s.mark, s.owner, s.value = o.Fencing, o.owner(), o.Value
	}
	return s
}

// checkPiece tells of the first operation at whose return no order explains what had
// happened by then.
func (c *checker) checkPiece(key string, piece []interval, from fenceState) {
	if len(piece) > mostInPiece {
		c.found.Undecided += len(piece)
		return
	}
	ok, decided := explained(piece, from, never)
	if ok {
		return
	}
	if !decided {
		c.found.Undecided += len(piece)
		return
	}
	first := sort.Search(len(piece), func(i int) bool {
		ok, decided := explained(piece, from, piece[i].ret)
		return decided && !ok
	})
	o := piece[min(first, len(piece)-1)].op
	c.violated("I3", key, o.End, []*Op{o}, "no order of the operations behind the fence of %s explains the %s of %s that ended at %v: token %d, value %d, %s",
		key, o.Kind, o.who(), tell(o.End), o.Fencing, o.Value, o.Outcome)
}

// explained reports whether some order explains what had returned by then, and whether
// that was decided within mostSteps.
func explained(piece []interval, from fenceState, by int64) (ok, decided bool) {
	var ops []porcupine.Operation
	for _, x := range piece {
		switch {
		case x.call > by:
			continue
		case x.ret > by && x.op.Kind == OpAcquire, x.ret > by && x.op.Outcome == Stale:
			continue // whatever it did, it may have done later
		case x.ret > by && x.op.Outcome == Done:
			pending := *x.op
			pending.Outcome = Unknown
			x.op, x.ret = &pending, never
		}
		ops = append(ops, porcupine.Operation{Input: x.op, Call: x.call, Return: x.ret})
	}
	steps := 0
	model := porcupine.Model{
		Init: func() any { return from },
		Step: func(state, input, _ any) (bool, any) {
			if steps++; steps > mostSteps {
				return false, state // and so ends the search
			}
			s, _ := state.(fenceState)
			o, _ := input.(*Op)
			ok, next := s.step(o)
			return ok, next
		},
	}
	ok = porcupine.CheckOperations(model, ops)
	return ok, ok || steps <= mostSteps
}
