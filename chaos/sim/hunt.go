package sim

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/lilith/distlock/chaos"
)

// A Hunt is a search through many seeds, one after another.
type Hunt struct {
	From      uint64 // the first seed
	Runs      int
	Miniredis bool
	Months    bool // each seed is a month, see DrawMonth

	// Go, where not nil, is called after each run with what there is so far, and ends
	// the hunt by returning false.
	Go func(*Totals) bool
}

// Totals add up runs.
type Totals struct {
	Runs        int            `json:"runs"`
	Faults      int            `json:"faults"`
	Ops         int            `json:"ops"`
	Acquired    int            `json:"acquired"`
	HandOvers   int            `json:"handOvers"` // by one node each
	Told        int            `json:"told"`      // by one node each, to one who waits elsewhere
	Virtual     time.Duration  `json:"virtual"`   // time that passed
	Overlaps    int            `json:"overlaps"`
	StaleWrites int            `json:"staleWrites"`
	LostUpdates int            `json:"lostUpdates"`
	Matrix      chaos.Matrix   `json:"matrix"`
	ByRow       map[string]int `json:"byRow"` // faults of each row
}

// Add takes in one more run.
func (t *Totals) Add(r *Result) {
	t.Runs++
	t.Virtual += r.Virtual
	t.Ops += len(r.History.Ops)
	t.HandOvers += r.HandOvers
	t.Told += r.Told
	if t.ByRow == nil {
		t.ByRow = make(map[string]int)
	}
	for i := range r.History.Injections {
		if r.History.Injections[i].Err == "" {
			t.Faults++
			t.ByRow[r.History.Injections[i].Row.String()]++
		}
	}
	for i := range r.History.Ops {
		if o := &r.History.Ops[i]; o.Kind == chaos.OpAcquire && o.Outcome == chaos.Done {
			t.Acquired++
		}
	}
	t.Overlaps += r.Verdict.Overlaps
	t.StaleWrites += r.Verdict.StaleWrites
	t.LostUpdates += r.Verdict.LostUpdates
	t.Matrix.Add(chaos.Reached(r.History))
}

// Merge takes in the totals of other runs.
func (t *Totals) Merge(other *Totals) {
	t.Runs += other.Runs
	t.Faults += other.Faults
	t.Ops += other.Ops
	t.Acquired += other.Acquired
	t.Virtual += other.Virtual
	t.Overlaps += other.Overlaps
	t.StaleWrites += other.StaleWrites
	t.LostUpdates += other.LostUpdates
	t.Matrix.Add(&other.Matrix)
	if t.ByRow == nil {
		t.ByRow = make(map[string]int)
	}
	for row, n := range other.ByRow {
		t.ByRow[row] += n
	}
}

// Draw returns the run that a seed of this hunt stands for.
func (h Hunt) Draw(seed uint64) Config {
	if h.Months {
		return DrawMonth(seed)
	}
	return Draw(seed, h.Miniredis)
}

// Command returns the command line that repeats the hunt.
func (h Hunt) Command() string {
	command := fmt.Sprintf("distlock chaos --simulate --seed %d --seeds %d", h.From, h.Runs)
	if h.Miniredis {
		command += " --miniredis"
	}
	if h.Months {
		command += " --months"
	}
	return command
}

// Run runs seed after seed until one is found that violates something, which is
// returned; nil where none does.
func (h Hunt) Run(t *testing.T) (Totals, *Result, error) {
	var totals Totals
	for i := range h.Runs {
		r, err := Run(t, h.Draw(h.From+uint64(i)))
		if err != nil {
			return totals, nil, err
		}
		totals.Add(r)
		if !r.OK() {
			return totals, r, nil
		}
		if h.Go != nil && !h.Go(&totals) {
			break
		}
	}
	return totals, nil, nil
}

// Shrink returns a run with as few faults as it can find that violates the same
// invariant, and what that run gave. It takes at most so many runs.
func Shrink(t *testing.T, found *Result, runs int) (*Result, error) {
	best := found
	invariant := found.Verdict.Violations[0].Invariant
	for size := len(best.Config.Plan); size > 0; {
		shrunk := false
		for at := 0; at < len(best.Config.Plan); {
			if runs == 0 {
				return best, nil
			}
			runs--
			c := best.Config
			c.Plan = slices.Delete(slices.Clone(c.Plan), at, min(at+size, len(c.Plan)))
			r, err := Run(t, c)
			if err != nil {
				return best, err
			}
			if slices.ContainsFunc(r.Verdict.Violations, func(v chaos.Violation) bool { return v.Invariant == invariant }) {
				best, shrunk = r, true // what followed stands at this place now
			} else {
				at += size
			}
		}
		if size == 1 && !shrunk {
			break
		}
		size = max(size/2, 1)
		if len(best.Config.Plan) == 0 {
			break
		}
	}
	return best, nil
}
