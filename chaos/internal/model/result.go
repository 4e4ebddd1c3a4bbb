package model

import (
	"fmt"
	"strings"
)

// A Result is what an exploration or a walk found.
type Result struct {
	States    int  // visited, the names of nodes and attempts left aside; 0 for a walk
	Steps     int  // taken, of which many lead to a state visited before
	Exhausted bool // every state was visited; never for a walk
	Stats
	Violation *Violation // nil where every step kept every property
}

// Stats tells how often the steps came to what matters: an exploration or a walk
// that never gets there shows nothing.
type Stats struct {
	Wins       int // attempts that became leases
	Proposals  int // second phases begun
	Extensions int // confirmed
	Repairs    int // sent
	HandOvers  int // begun
}

// A Violation is a property broken, and the steps that lead there.
type Violation struct {
	Property string   // one of the constants, such as Exclusion
	Trace    []string // a step each; the shortest there is, from Explore
}

// String returns the figures in one line, and after it the violation, if any.
func (r Result) String() string {
	var b strings.Builder
	end := ""
	switch {
	case r.Exhausted:
		end = ", exhausted"
	case r.States > 0 && r.Violation == nil:
		end = ", not exhausted"
	}
	if r.States > 0 {
		fmt.Fprintf(&b, "%d states, ", r.States)
	}
	fmt.Fprintf(&b, "%d steps%s: %d wins, %d second phases, %d extensions, %d repairs, %d hand-overs",
		r.Steps, end, r.Wins, r.Proposals, r.Extensions, r.Repairs, r.HandOvers)
	if r.Violation != nil {
		fmt.Fprintf(&b, "\n%v", r.Violation)
	}
	return b.String()
}

// String returns the property and the steps, one a line.
func (v *Violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "broken after %d steps: %s", len(v.Trace), v.Property)
	for n, step := range v.Trace {
		fmt.Fprintf(&b, "\n%4d  %s", n+1, step)
	}
	return b.String()
}
