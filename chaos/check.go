package chaos

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Limits say what a history is held to.
type Limits struct {
	// Slack is how late threads may be, in real time: an operation's bound, a signal
	// and a release may miss their time by that. In simulation it is 0. It never
	// excuses an overlap or a token out of order: those are measured by times that can
	// only be recorded so that they show too little.
	Slack time.Duration

	// Guarded is set where Config.RestartGuard is on and no shorter than any lease: a
	// node that restarts without its memory then excuses nothing.
	Guarded bool
	Guard   time.Duration // Config.RestartGuard, 0 where it is not told

	// LongestTTL is the longest lease of all clients. Longer ones in the history count
	// too.
	LongestTTL time.Duration

	// LiveWithin is how long after History.Healed somebody must have acquired each key
	// that is asked for; 0 is not checked.
	LiveWithin time.Duration

	// DriftFactor is Config.DriftFactor, to check that leases end by as much before
	// their keys do; 0 checks only that they do not end after them.
	DriftFactor float64

	// Late is how long after it was sent a request may be carried out though no fault is
	// on that holds it up: 0 where the network is sound between faults.
	Late time.Duration

	Unfenced bool // Config.NoFencing: fencing tokens are not checked
}

// Check returns what is wrong with a history, and what it demonstrates. It reads
// nothing but its arguments, changes neither, and the same history gives the same
// verdict. A history of n operations takes it about n·log n steps.
//
// It relies on how the history was recorded: an operation's Start before its call and
// its End after its return; of a client that is killed, what it was about as Unknown (or
// else less is checked of it); an injection's Start before the fault is injected, and its
// End after it is healed, or at once where it does no more than happen, or failed.
// What could only be told by guessing it leaves alone, so that a violation is one.
//
// What it holds a history to, by the invariants' numbers:
//
//	I1   leases of one key do not overlap       check_overlap.go, check_resource.go
//	I2   fencing tokens rise                    check_tokens.go
//	I3   the fence lets no stale write through  check_resource.go, linear.go
//	I4   keys do not outlive their leases       check_keys.go
//	I5   who lost a lease is told at release    check_lease.go
//	I6   extensions extend                      check_lease.go
//	I7   leases end before their keys           check_lease.go
//	I8   operations end in time                 check_time.go
//	I9   life goes on after faults              check_time.go
//	I10  a lease's end is signalled in time     check_time.go
//	I11  nothing is left behind in the process  check_time.go
//	I12  outcomes and errors say what is so     check_outcome.go
//	I13  keys expire, and tokens are exact      check_keys.go, check_tokens.go
func Check(h *History, l Limits) Verdict {
	c := newChecker(h, l)
	c.checkOverlaps()
	c.checkTokens()
	c.checkStale()
	c.checkOrders()
	c.checkErasures()
	c.checkLeases()
	c.checkBounds()
	c.checkSignals()
	c.checkLife()
	c.checkLevels()
	c.checkFailures()
	c.checkRefusals()
	c.checkSightings()
	return c.conclude()
}

// A checker has a history, sorted for looking things up, and what was found in it.
type checker struct {
	h       *History
	l       Limits
	longest time.Duration // lease
	keys    []*keyHistory // by name
	leases  map[string]*lease
	found   Verdict

	breaks  *cover // injections that excuse an overlap
	clocks  *cover // of nodes, whatever they do
	pauses  coverByClient
	crashes coverByClient
}

// A keyHistory has what was done about one key.
type keyHistory struct {
	key      string
	acquires []*Op    // of whatever outcome, as recorded
	leases   []*lease // by when they were granted
	fenced   []*Op    // opens and writes, as recorded
}

func newChecker(h *History, l Limits) *checker {
	c := &checker{
		h: h, l: l, longest: wholeMillis(l.LongestTTL),
		leases:  make(map[string]*lease),
		pauses:  newCoverByClient(h, ClientPause),
		crashes: newCoverByClient(h, HolderCrash),
	}
	for i := range h.Ops {
		if h.Ops[i].Outcome == Done {
			c.longest = max(c.longest, wholeMillis(h.Ops[i].TTL))
		}
	}
	guarded := l.Guarded && (l.Guard == 0 || l.Guard >= c.longest)
	c.breaks = newCover(h, func(in *Injection) bool {
		noticed := guarded && in.Breaks == KeptMemory && in.Row.restarts()
		return in.Breaks != "" && !noticed
	})
	c.clocks = newCover(h, func(in *Injection) bool { return in.Row.movesClock() })
	c.sortOps()
	return c
}

// sortOps gives each operation its place with its key and its lease.
func (c *checker) sortOps() {
	byKey := make(map[string]*keyHistory)
	for i := range c.h.Ops {
		o := &c.h.Ops[i]
		k := byKey[o.Key]
		if k == nil {
			k = &keyHistory{key: o.Key}
			byKey[o.Key] = k
			c.keys = append(c.keys, k)
		}
		switch o.Kind {
		case OpAcquire:
			k.acquires = append(k.acquires, o)
			if o.Outcome == Done && c.leases[o.Token] == nil {
				c.leases[o.Token] = &lease{acquire: o, called: c.called(o)}
				k.leases = append(k.leases, c.leases[o.Token])
			}
		case OpOpen, OpWrite:
			k.fenced = append(k.fenced, o)
		case OpExtend, OpRenew, OpRelease, OpSignal, OpAdd:
		}
	}
	for i := range c.h.Ops {
		if l := c.leases[c.h.Ops[i].Token]; l != nil {
			l.add(&c.h.Ops[i])
		}
	}
	slices.SortFunc(c.keys, func(a, b *keyHistory) int { return cmp.Compare(a.key, b.key) })
	for _, k := range c.keys {
		slices.SortStableFunc(k.leases, func(a, b *lease) int { return cmp.Compare(a.acquire.End, b.acquire.End) })
		for _, l := range k.leases {
			l.sort()
			if c.crashes.touching(l.acquire.Client, l.acquire.Start, forever) {
				l.killed()
			}
		}
	}
}

// paused reports whether the client stood still at any time in between. What it did
// then may have taken any time.
func (c *checker) paused(client string, from, to time.Duration) bool {
	return c.pauses.touching(client, from-c.l.Slack, to+c.l.Slack)
}

// violated records a violation by the clients of ops.
func (c *checker) violated(invariant, key string, at time.Duration, ops []*Op, format string, args ...any) {
	v := Violation{Invariant: invariant, Key: key, At: at, Text: fmt.Sprintf(format, args...)}
	for _, o := range ops {
		if o.Client != "" && !slices.Contains(v.Clients, o.Client) {
			v.Clients = append(v.Clients, o.Client)
		}
	}
	c.found.Violations = append(c.found.Violations, v)
}

func (c *checker) demonstrated(a Assumption, at time.Duration, format string, args ...any) {
	c.found.Demonstrations = append(c.found.Demonstrations, Demonstration{
		Assumption: a, At: at, Text: fmt.Sprintf(format, args...),
	})
}

const (
	mostViolations     = 100 // listed for each invariant
	mostDemonstrations = 20  // listed for each assumption
)

// conclude puts what was found in order and cuts it short.
func (c *checker) conclude() Verdict {
	v := c.found
	slices.SortFunc(v.Violations, func(a, b Violation) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Invariant, b.Invariant),
			cmp.Compare(a.Key, b.Key), cmp.Compare(a.Text, b.Text))
	})
	slices.SortFunc(v.Demonstrations, func(a, b Demonstration) int {
		return cmp.Or(cmp.Compare(a.At, b.At), cmp.Compare(a.Assumption, b.Assumption), cmp.Compare(a.Text, b.Text))
	})
	seen := make(map[string]int)
	last := make(map[string]time.Duration)
	v.Violations = slices.DeleteFunc(v.Violations, func(x Violation) bool {
		seen[x.Invariant]++
		last[x.Invariant] = x.At
		return seen[x.Invariant] > mostViolations
	})
	for i := 1; i <= 13; i++ {
		name := fmt.Sprintf("I%d", i)
		if more := seen[name] - mostViolations; more > 0 {
			v.Violations = append(v.Violations, Violation{
				Invariant: name, At: last[name], Text: fmt.Sprintf("and %d more times", more),
			})
		}
	}
	shown := make(map[Assumption]int)
	v.Demonstrations = slices.DeleteFunc(v.Demonstrations, func(x Demonstration) bool {
		shown[x.Assumption]++
		return shown[x.Assumption] > mostDemonstrations
	})
	return v
}

// restarts reports whether a node has another run_id after such a fault, so that a
// restart guard can tell. FLUSHALL, eviction and a key deleted by hand it cannot.
func (r Row) restarts() bool {
	switch r {
	case NodeCrash, CrashMemoryLost, DelayedRestart, OlderData:
		return true
	default:
		return false
	}
}

func (r Row) movesClock() bool { return r == ClockForward || r == ClockBackward || r == ClockRate }

// wholeMillis rounds up, as the library does with every lease.
func wholeMillis(d time.Duration) time.Duration {
	return (d + time.Millisecond - 1).Truncate(time.Millisecond)
}

// tell is a time as it stands in a text.
func tell(d time.Duration) time.Duration { return d.Round(time.Microsecond) }
