package chaos

import "time"

// A Violation is an invariant that did not hold.
type Violation struct {
	Invariant string        `json:"invariant"` // "I1" to "I13" of DESIGN.md
	Text      string        `json:"text"`      // what happened, with names and times
	At        time.Duration `json:"at"`
	Clients   []string      `json:"clients,omitempty"`
	Key       string        `json:"key,omitempty"`
}

// A Demonstration is something that locks by lease cannot prevent, seen to happen
// while an assumption was broken, and what the fence did about it.
type Demonstration struct {
	Assumption Assumption    `json:"assumption,omitempty"` // "" is a paused holder
	Text       string        `json:"text"`
	At         time.Duration `json:"at"`
}

// A Verdict is what the checkers found in a history.
type Verdict struct {
	Violations     []Violation     `json:"violations"`
	Demonstrations []Demonstration `json:"demonstrations"`
	Overlaps       int             `json:"overlaps"`    // windows that overlapped while an assumption was broken
	StaleWrites    int             `json:"staleWrites"` // writes that the fence refused
	LostUpdates    int             `json:"lostUpdates"` // of the unfenced resource

	// Undecided is how many operations of the fenced resource were too entangled to be
	// searched for an order that explains them. That no stale write was applied is
	// checked of them all the same.
	Undecided int `json:"undecided,omitempty"`
}

// Latency is how long operations of one kind took, in one state of the world.
type Latency struct {
	Kind   OpKind        `json:"kind"`
	Faulty bool          `json:"faulty"` // while a fault raged
	Count  int           `json:"count"`
	P50    time.Duration `json:"p50"`
	P90    time.Duration `json:"p90"`
	P99    time.Duration `json:"p99"`
	Max    time.Duration `json:"max"`
}

// A Report tells of one run.
type Report struct {
	Layer     string            `json:"layer"` // "embedded", "processes", "servers", "simulation"
	Seed      uint64            `json:"seed"`
	Seeds     int               `json:"seeds,omitempty"` // so many from Seed on are summed up, without a history; 0 is one run
	Command   string            `json:"command"`         // that repeats the run
	Version   map[string]string `json:"version"`         // of Go, Redis, go-redis, the machine
	Began     time.Time         `json:"began"`
	Nodes     []string          `json:"nodes"`
	Clients   []string          `json:"clients"`
	TTL       time.Duration     `json:"ttl"`
	Guard     time.Duration     `json:"guard"`
	Stopped   string            `json:"stopped,omitempty"` // why the run ended early
	Verdict   Verdict           `json:"verdict"`
	Matrix    *Matrix           `json:"matrix"`
	Unreached map[string]string `json:"unreached,omitempty"` // row name, or row/column, to the reason
	Counts    map[string]int    `json:"counts"`              // "acquired", "faults", ...
	Latency   []Latency         `json:"latency"`
	History   *History          `json:"history"`
}

// OK reports whether nothing was violated.
func (r *Report) OK() bool { return len(r.Verdict.Violations) == 0 }
