package model

import "fmt"

// Bounds of a Config, from the width of a packed state.
const (
	MaxNodes    = 7
	MaxAttempts = 8
	maxExtends  = 2
	maxResends  = 3
	maxHandOver = 3
)

// A Config says how large the model is, what may go wrong, and which safeguard is
// left out. The zero value of all but the first three is a network that loses and
// delays, without second copies, extensions and loss of memory.
type Config struct {
	Nodes    int // 1 to MaxNodes
	Clients  int // attempts open at once, at least 1
	Attempts int // acquisition attempts of all clients together, 1 to MaxAttempts

	// FreeExpiry has keys vanish at any step. Mutual exclusion and what is left
	// behind are not checked then, and nothing is released: a key that vanishes at
	// any step covers every release.
	FreeExpiry bool

	Hint    Hint
	Extends int // extensions of each lease, 0 to 2
	Resends int // second copies of acquire requests, of all attempts, 0 to 3
	Forgets int // times that a node loses its memory, of all nodes, 0 to Nodes

	// HandOvers is how many times a holder hands the lock on to one who waits in its
	// process, of all leases, 0 to 3.
	HandOvers int

	Variant Variant // the safeguards left out; 0 is the protocol as it is
	Only    string  // the one property to check, such as Exclusion; "" for all

	MaxStates int // for Explore; 0 is DefaultMaxStates
}

// DefaultMaxStates bounds an exploration to about 1.5 GiB.
const DefaultMaxStates = 20_000_000

// A Hint says what lower bound of its token a client sends with an attempt.
type Hint uint8

// The hints.
const (
	NoHint    Hint = iota // always 0: every node counts by itself
	AnyHint               // 0 or one that is too high, whichever does harm
	ClockHint             // rises from attempt to attempt, as well-set clocks would have it
)

// choices returns what an attempt may send that is the ordinal-th to start, from 1.
func (h Hint) choices(ordinal int) []uint8 {
	switch h {
	case AnyHint:
		return []uint8{0, 3}
	case ClockHint:
		// A clock is faster than counters are raised.
		return []uint8{uint8(24 * ordinal)}
	default:
		return []uint8{0}
	}
}

// check returns an error that names the field which is out of bounds.
func (c *Config) check() error {
	bounds := []struct {
		field       string
		value       int
		least, most int
	}{
		{"Nodes", c.Nodes, 1, MaxNodes},
		{"Attempts", c.Attempts, 1, MaxAttempts},
		{"Clients", c.Clients, 1, MaxAttempts},
		{"Extends", c.Extends, 0, maxExtends},
		{"Resends", c.Resends, 0, maxResends},
		{"Forgets", c.Forgets, 0, c.Nodes},
		{"HandOvers", c.HandOvers, 0, maxHandOver},
	}
	for _, b := range bounds {
		if b.value < b.least || b.value > b.most {
			return fmt.Errorf("model: Config.%s is %d: give %d to %d", b.field, b.value, b.least, b.most)
		}
	}
	if c.HandOvers > 0 && c.FreeExpiry {
		return fmt.Errorf("model: Config.HandOvers is %d with FreeExpiry: a key that vanishes at any step covers them", c.HandOvers)
	}
	return nil
}

// A machine is a Config put to work.
type machine struct {
	cfg      Config
	nodes    int
	attempts int
	quorum   int // that clients count on, which a variant may have wrong
	majority int // the true one, for the properties
	seen     Stats
	broken   string // the property that the present step broke first, or ""
}

func newMachine(cfg Config) (*machine, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	m := &machine{cfg: cfg, nodes: cfg.Nodes, attempts: cfg.Attempts, majority: cfg.Nodes/2 + 1}
	m.quorum = m.majority
	if m.lacks(ExactMajority) {
		m.quorum = (cfg.Nodes + 1) / 2
	}
	if m.lacks(RisingHint) {
		m.cfg.Hint = NoHint
	}
	return m, nil
}

// lacks reports whether a safeguard is left out.
func (m *machine) lacks(v Variant) bool { return m.cfg.Variant&v != 0 }

// tokensPromised reports whether fencing tokens must rise: a node that forgets its
// counter is made up for by nothing but the hint.
func (m *machine) tokensPromised() bool {
	return m.cfg.Forgets == 0 || m.cfg.Hint == ClockHint || m.lacks(RisingHint)
}
