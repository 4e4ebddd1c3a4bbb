package contest

import "time"

// A Budget says how much is done.
type Budget struct {
	Rounds   int           `json:"rounds"`
	Warmup   int           `json:"warmup"`   // pairs of acquire and release before the first round
	Ops      int           `json:"ops"`      // of a turn, where operations are counted
	Window   time.Duration `json:"window"`   // of a turn, where time is
	Patience time.Duration `json:"patience"` // ends a turn that takes longer; one operation is always done
	Sections int           `json:"sections"` // critical sections of a turn
	Crowd    int           `json:"crowd"`    // locks held, and waiters, where memory is measured

	// Limit cancels a turn in which a contestant hangs: one that waits for a message
	// that was lost would otherwise hang the run.
	Limit time.Duration `json:"limit"`

	// SocketTimeout is of go-redis clients, 0 for their default: all that a test need
	// shorten, as a client in default settings waits 5 s for a hung node.
	SocketTimeout time.Duration `json:"socketTimeout,omitempty"`

	Seed uint64 `json:"seed"` // of the order of turns
}

// Budgets. Limit leaves room for redsync, whose every request to a hung node takes 5
// s and which makes two, on one after the other.
var (
	Full = Budget{
		Rounds: 13, Warmup: 100, Ops: 300, Window: 250 * time.Millisecond,
		Patience: 3 * time.Second, Sections: 300, Crowd: 10_000, Limit: 30 * time.Second,
	}
	Quick = Budget{
		Rounds: 3, Warmup: 20, Ops: 100, Window: 100 * time.Millisecond,
		Patience: time.Second, Sections: 60, Crowd: 1000, Limit: 15 * time.Second,
	}
)

// Rounds returns how many the workload gets of a budget.
func (w *Workload) Rounds(b Budget) int {
	heavy := max(1, w.Heavy)
	return max(1, (b.Rounds+heavy-1)/heavy)
}

// What things take besides the turns themselves, by experience.
const (
	toStart  = 50 * time.Millisecond  // a server
	toEnter  = 150 * time.Millisecond // for a contestant: proof of exclusion, warm-up
	toSettle = 20 * time.Millisecond  // after a turn
)

// Estimate returns about how long Run will take: within a factor of two, which is
// what tells a coffee from a lunch.
func (w *Workload) Estimate(b Budget) time.Duration {
	who := time.Duration(len(w.Contestants))
	turns := time.Duration(w.Rounds(b)*len(w.AllPhases())) * who
	turn := toSettle
	if w.Turn != nil {
		turn += w.Turn(b)
	}
	return time.Duration(w.Nodes)*toStart + who*toEnter + turns*turn
}

// The kinds of turns, by what bounds them.

func counted(each time.Duration) func(Budget) time.Duration {
	return func(b Budget) time.Duration { return min(b.Patience, time.Duration(b.Ops)*each) }
}

func sections(each time.Duration) func(Budget) time.Duration {
	return func(b Budget) time.Duration { return min(b.Patience, time.Duration(b.Sections)*each) }
}

func timed(b Budget) time.Duration { return b.Window }

func crowded(each time.Duration, windows int) func(Budget) time.Duration {
	return func(b Budget) time.Duration {
		return time.Duration(b.Crowd)*each + time.Duration(windows)*b.Window
	}
}
