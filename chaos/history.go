package chaos

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lilith/distlock"
)

// An OpKind is what a client did.
type OpKind string

// Kinds of operations.
const (
	OpAcquire OpKind = "acquire" // a whole acquisition, its attempts and waits
	OpExtend  OpKind = "extend"  // asked for by the client
	OpRenew   OpKind = "renew"   // made by the library
	OpRelease OpKind = "release"
	OpSignal  OpKind = "signal" // the lease's Done was seen closed, at End
	OpOpen    OpKind = "open"   // the resource's mark raised, its value read
	OpWrite   OpKind = "write"  // a fenced write to the resource
	OpAdd     OpKind = "add"    // an unfenced write: read, then put back with one more
)

// An Outcome is how an operation ended.
type Outcome string

// Outcomes. A client that was killed leaves Unknown.
const (
	Done        Outcome = "ok"          // held, extended, released, written
	Held        Outcome = "held"        // by another: distlock.ErrHeld
	Unavailable Outcome = "unavailable" // distlock.ErrUnavailable
	Rejected    Outcome = "rejected"    // distlock.ErrRejected
	Lost        Outcome = "lost"        // distlock.ErrLost
	Stale       Outcome = "stale"       // refused by the resource, for its fencing token
	Ended       Outcome = "ended"       // the caller's context ended first
	Failed      Outcome = "failed"      // anything else
	Unknown     Outcome = "unknown"     // nobody was left to tell
)

// OutcomeOf returns how an operation of the library ended.
func OutcomeOf(err error) Outcome {
	switch {
	case err == nil:
		return Done
	case errors.Is(err, distlock.ErrLost):
		return Lost
	case errors.Is(err, distlock.ErrRejected):
		return Rejected
	case errors.Is(err, distlock.ErrHeld):
		return Held
	case errors.Is(err, distlock.ErrUnavailable):
		return Unavailable
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return Ended
	default:
		return Failed
	}
}

// An Op is one operation of one client. Times count from the beginning of the
// history, on one clock for all clients.
type Op struct {
	Client  string        `json:"client"`
	Worker  int           `json:"worker,omitempty"` // which of the client's that share a Locker, from 1
	Kind    OpKind        `json:"kind"`
	Key     string        `json:"key"`
	Start   time.Duration `json:"start"`
	End     time.Duration `json:"end"`
	Outcome Outcome       `json:"outcome"`

	Token    string        `json:"token,omitempty"`   // the owner's
	Fencing  int64         `json:"fencing,omitempty"` // the fencing token
	Until    time.Duration `json:"until,omitempty"`   // acquire, extend, renew, signal: Handle.ValidUntil
	TTL      time.Duration `json:"ttl,omitempty"`
	Attempts int           `json:"attempts,omitempty"` // acquire
	Value    int64         `json:"value,omitempty"`    // open: what was read; write, add: what was written

	// Bound is how long the operation may take at most; 0 is no bound. A client that
	// was paused meanwhile records none.
	Bound time.Duration `json:"bound,omitempty"`
	Err   string        `json:"err,omitempty"`
}

// who is the client's name, and its worker's number where it has several.
func (o *Op) who() string {
	if o.Worker == 0 {
		return o.Client
	}
	return fmt.Sprintf("%s (worker %d)", o.Client, o.Worker)
}

// An Injection is one fault from its injection to its healing.
type Injection struct {
	Row    Row           `json:"row"`
	Fault  string        `json:"fault"`            // Fault.String
	Node   string        `json:"node,omitempty"`   // "" where it is a client's, or the whole network's
	Client string        `json:"client,omitempty"` // "" where it is a node's
	Nodes  []string      `json:"nodes,omitempty"`  // of a Wide fault: those that it acts on
	Start  time.Duration `json:"start"`
	End    time.Duration `json:"end"`

	// Breaks tells which of the protocol's assumptions it breaks, "" for none: the
	// protocol then does not promise that leases do not overlap, only that fencing
	// tokens tell.
	Breaks Assumption `json:"breaks,omitempty"`
	Err    string     `json:"err,omitempty"` // why it could not be injected
}

// An Assumption is what mutual exclusion by leases rests on.
type Assumption string

// Assumptions.
const (
	SoundClocks Assumption = "clocks" // no node's clock gains more on a holder's than the drift allowed for
	KeptMemory  Assumption = "memory" // no node forgets a lease and goes on voting
)

// A Sighting is a key found on a node, when nothing was under way any more.
type Sighting struct {
	Node  string        `json:"node"`
	Key   string        `json:"key"`
	Value string        `json:"value,omitempty"` // of a string
	TTL   time.Duration `json:"ttl"`             // negative: it never expires
	At    time.Duration `json:"at"`
}

// A Level is a count of something that must return to where it was.
type Level struct {
	What   string `json:"what"` // "goroutines", "connections to 127.0.0.1:4711"
	Before int    `json:"before"`
	After  int    `json:"after"`
}

// A History is what happened, in the order in which it was recorded. Its zero value
// is empty.
type History struct {
	Ops        []Op          `json:"ops"`
	Injections []Injection   `json:"injections"`
	Sightings  []Sighting    `json:"sightings,omitempty"`
	Levels     []Level       `json:"levels,omitempty"`
	Erased     []Erasure     `json:"erased,omitempty"`  // Ledger.Erased, of the unfenced resource
	Healed     time.Duration `json:"healed,omitempty"`  // when the last fault was healed
	Settled    time.Duration `json:"settled,omitempty"` // when sightings were made
	Elapsed    time.Duration `json:"elapsed"`
}

// A Recorder collects a History. Its methods are safe for concurrent use.
type Recorder struct {
	now func() time.Duration

	mu sync.Mutex
	h  History
}

// NewRecorder returns a Recorder whose time begins now.
func NewRecorder() *Recorder {
	start := time.Now()
	return &Recorder{now: func() time.Duration { return time.Since(start) }}
}

// Now returns the time since the history began.
func (r *Recorder) Now() time.Duration { return r.now() }

// Op records an operation.
func (r *Recorder) Op(o Op) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.h.Ops = append(r.h.Ops, o)
}

// Injection records a fault that has been injected and returns the function that
// records its healing. Until then its End is the end of the history.
func (r *Recorder) Injection(in Injection) (healed func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := len(r.h.Injections)
	in.End = -1
	r.h.Injections = append(r.h.Injections, in)
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.h.Injections[i].End = r.now()
	}
}

// History returns a copy of what has been recorded so far.
func (r *Recorder) History() *History {
	r.mu.Lock()
	defer r.mu.Unlock()
	h := r.h
	h.Elapsed = r.now()
	h.Ops = append([]Op(nil), h.Ops...)
	h.Injections = append([]Injection(nil), h.Injections...)
	for i := range h.Injections {
		if h.Injections[i].End < 0 {
			h.Injections[i].End = h.Elapsed
		}
	}
	return &h
}

// Amend changes the history in the making: sightings, levels, marks.
func (r *Recorder) Amend(change func(*History)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change(&r.h)
}

// NewRecorderAt returns a Recorder for a time of the caller's own: now returns the
// time since the history began.
func NewRecorderAt(now func() time.Duration) *Recorder { return &Recorder{now: now} }
