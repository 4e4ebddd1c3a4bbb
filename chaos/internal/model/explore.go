package model

import (
	"context"
	"math"
	"slices"
)

// Explore visits every state that cfg allows, breadth first, so that a violation is
// found by the fewest steps. It stops at a violation, at cfg.MaxStates, or when ctx
// ends, and says by Result.Exhausted whether it saw all.
//
// It blocks, and uses one core and about 100 bytes a state. The error is of a field
// of cfg that is out of bounds. The result depends on cfg alone, unless ctx cuts it
// short.
func Explore(ctx context.Context, cfg Config) (Result, error) {
	m, err := newMachine(cfg)
	if err != nil {
		return Result{}, err
	}
	e := explorer{m: m, seen: newVisited(), limit: cfg.MaxStates}
	if e.limit <= 0 {
		e.limit = DefaultMaxStates
	}
	e.limit = min(e.limit, math.MaxInt32) // a link has 32 bits for a number
	e.run(ctx)
	e.result.States, e.result.Stats = e.seen.size, m.seen
	return e.result, nil
}

// An explorer numbers states in the order in which it finds them, which is that in
// which it visits them: so the queue needs no numbers.
type explorer struct {
	m      *machine
	seen   *visited
	limit  int
	todo   queue
	ways   links // way n led to state n + 1; state 0 is the start
	result Result
}

func (e *explorer) run(ctx context.Context) {
	width := e.m.words()
	e.todo.width = width
	var buffer [maxWords]uint64
	first := e.m.start()
	e.m.canonical(&first, buffer[:width])
	e.seen.add(digestOf(buffer[:width]))
	e.todo.push(buffer[:width])

	var list []action
	// Looking at ctx takes longer than visiting a state, so that it is done now and then.
	for number := 0; ; number++ {
		words := e.todo.pop()
		if words == nil { // nothing left that was not visited
			e.result.Exhausted = true
			return
		}
		if e.seen.size > e.limit || number%4096 == 0 && ctx.Err() != nil {
			return
		}
		s := e.m.unpack(words)
		list = e.m.actions(&s, list[:0])
		for _, act := range list {
			if !e.visit(&s, act, number, buffer[:width]) {
				return
			}
		}
	}
}

// visit takes the step act from s, the state of the given number. It reports whether
// there is reason to go on.
func (e *explorer) visit(s *state, act action, number int, buffer []uint64) bool {
	t := *s
	e.result.Steps++
	if broken := e.m.apply(&t, act); broken != "" {
		e.result.Violation = &Violation{Property: broken, Trace: e.trace(number, act)}
		return false
	}
	// A state seen before has led, or will lead, wherever it leads.
	e.m.canonical(&t, buffer)
	if e.seen.add(digestOf(buffer)) {
		e.todo.push(buffer)
		e.ways.add(link{uint32(number), act})
	}
	return true
}

// trace describes the way to the state of the given number and one step further.
func (e *explorer) trace(number int, last action) []string {
	way := []action{last}
	for number > 0 {
		l := e.ways.at(number - 1)
		way = append(way, l.act)
		number = int(l.parent)
	}
	slices.Reverse(way)
	return describe(e.m, way, true)
}
