package chaos

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Planned is one fault of a plan. A plan is a list of them: it can be printed,
// repeated, and cut down to what still makes a run fail.
type Planned struct {
	At    time.Duration // since the plan's beginning
	For   time.Duration // from its injection until it is healed
	Fault Fault
}

func (p Planned) String() string {
	return fmt.Sprintf("at %v for %v: %v", p.At.Round(time.Millisecond), p.For.Round(time.Millisecond), p.Fault)
}

// Plan draws faults from kinds for a world of so many nodes and clients, until
// duration is over; in order of time. It depends on its arguments alone: the same
// ones give the same plan.
//
// lease is the length of a usual lease, the measure of all times: faults last from a
// fortieth of it to one and a half, and about a dozen come in each. They come in
// phases of one to three leases. Most phases leave a majority of the nodes whole and
// break no assumption of the protocol; some break a majority; some have nodes forget,
// clocks jump or keys vanish, and only these break what mutual exclusion rests on, so
// that it can be checked in all others. A node or a client has one fault at a time.
func Plan(seed uint64, kinds []Kind, nodes, clients int, lease, duration time.Duration) []Planned {
	p := newPlanner(seed, kinds, nodes, clients, lease)
	if len(p.themes) == 0 {
		return nil
	}
	for now := time.Duration(0); now < duration; {
		phase := p.deal()
		end := min(now+share(p.rand, lease, 1, 3), duration)
		for phase.faults {
			now += time.Duration(p.rand.ExpFloat64() * float64(lease) / faultsPerLease).Truncate(time.Microsecond)
			if now >= end {
				break
			}
			p.add(now, phase)
		}
		now = end
	}
	slices.SortStableFunc(p.plan, func(a, b Planned) int { return cmp.Compare(a.At, b.At) })
	return p.plan
}

// faultsPerLease is how many are tried in the length of one lease. Where nothing more
// may break, some of them do not come.
const faultsPerLease = 20

// A theme is which assumption the faults of a phase may break.
type theme uint8

const (
	soundTheme   theme = iota // none
	amnesiaTheme              // nodes forget as they restart: what a restart guard covers
	clockTheme                // clocks gain
	keyTheme                  // keys vanish from nodes that go on
)

func themeOf(f Fault) theme {
	switch f.Breaks() {
	case "":
		return soundTheme
	case SoundClocks:
		return clockTheme
	}
	switch f.Row() {
	case CrashMemoryLost, DelayedRestart, OlderData:
		return amnesiaTheme
	default:
		return keyTheme
	}
}

// A phase says which faults may come.
type phase struct {
	theme    theme
	faults   bool // else it is a time to recover in
	majority bool // may be broken
}

// phases are those of one round, in which each comes once, in any order.
var phases = []phase{
	{theme: soundTheme, faults: true},
	{theme: soundTheme, faults: true},
	{theme: soundTheme, faults: true},
	{theme: soundTheme, faults: true, majority: true},
	{theme: amnesiaTheme, faults: true},
	{theme: amnesiaTheme, faults: true, majority: true},
	{theme: clockTheme, faults: true},
	{theme: keyTheme, faults: true},
	{},
}

// allows reports whether a fault of theme t may come in the phase.
func (p phase) allows(t theme) bool { return t == soundTheme || t == p.theme }

// hinders reports whether a fault of row r may cost a node its vote, for as long as it
// rages. A clock's fault does not, and a lost reply only once.
func (r Row) hinders() bool {
	switch r {
	case NodeCrash, CrashMemoryLost, DelayedRestart, OlderData, NodeFrozen, SlowNode, Partition, HalfOpen,
		ReadOnly, Loading, OutOfMemory, Misconf, WrongType, AuthFailure, TLSFailure:
		return true
	default:
		return false
	}
}
