package model

import (
	"math/bits"
	"strings"
)

// A Variant is a set of safeguards that the protocol is left without. The zero
// value is the protocol as it is.
type Variant uint32

// The safeguards.
const (
	WriteBack       Variant = 1 << iota // unlike counters are settled by a second phase
	HintAndAccept                       // the same, where there is no hint either
	AcceptOwner                         // accept tests that the key is mine
	AcceptCounter                       // accept tests that C <= t
	ExactMajority                       // N/2+1, for even N too
	Tombstone                           // release leaves one where it does not find its key
	Doubts                              // and where two requests could set the key
	ReleaseOwner                        // release tests that the key is mine
	ExtendOwner                         // extend tests that the key is mine
	RepairQuorum                        // repair waits for a quorum that answers "mine"
	RepairHeld                          // repair asks whether the lease is still held
	RepairGuard                         // a node that may have forgotten takes no repair either
	RestartGuard                        // a node that may have forgotten abstains
	OneVote                             // a node's answer is counted once
	CleanSilent                         // clean-up includes nodes that did not answer
	RisingHint                          // clients send their clocks, so that a forgetful node does no harm
	ValidityCheck                       // an attempt that took too long is none
	HandOverOwner                       // a hand-over tests that the key is the old holder's
	HandOverCounter                     // it raises the counter
	HandOverBuries                      // it leaves the old token's tombstone, as a release does
	HandOverHonours                     // it honours the new one's
	HandOverGuard                       // it asks the restart guard
)

// A Weakness is a safeguard left out, and where that shows.
type Weakness struct {
	Variant Variant
	Name    string // short, for a test's name
	Removes string // what is left out
	Shown   Config // a configuration whose exploration finds a violation
}

// Variants returns every safeguard with a configuration in which the protocol is
// broken without it, and is not with it. The order is that of the constants.
func Variants() []Weakness {
	fencing := Config{Nodes: 3, Clients: 2, Attempts: 2, FreeExpiry: true}
	anyHint := fencing
	anyHint.Hint = AnyHint
	plain := Config{Nodes: 3, Clients: 2, Attempts: 2}
	even := plain
	even.Nodes = 4
	resent := plain
	resent.Resends = 1
	extended := plain
	extended.Extends = 1
	forgetful := plain
	forgetful.Forgets, forgetful.Hint = 1, ClockHint
	both := extended
	both.Forgets = 1
	clocked := extended
	clocked.Hint, clocked.Only = ClockHint, Exclusion
	repaired := clocked
	repaired.Extends, repaired.Forgets = 2, 1
	// One who deletes, one whose key it was, and one who gets in between.
	three := plain
	three.Attempts, three.Only = 3, Exclusion

	handed := Config{Nodes: 1, Clients: 2, Attempts: 3, HandOvers: 1}
	handedOn := handed
	handedOn.Only = Exclusion
	handedResent := handed
	handedResent.Resends = 1
	handedForgetful := handed
	handedForgetful.Forgets, handedForgetful.Hint = 1, ClockHint

	list := []Weakness{
		{WriteBack, "no write-back", "the largest counter of a majority is the token, though others of it have a smaller one", anyHint},
		{HintAndAccept, "counters alone", "each node counts by itself, the largest count is the token", fencing},
		{AcceptOwner, "accept without owner test", "accept writes the token back whoever has the key", fencing},
		{AcceptCounter, "accept without counter test", "accept writes the token back over a larger counter", fencing},
		{ExactMajority, "half is a majority", "N/2 of an even number of nodes are enough", even},
		{Tombstone, "no tombstone", "a release leaves nothing behind that a late acquire request meets", plain},
		{Doubts, "no doubts", "a release that finds its key leaves no tombstone, though a second copy is on its way", resent},
		{ReleaseOwner, "release without owner test", "release deletes whoever's key", three},
		{ExtendOwner, "extend that sets", "extend sets the key whoever has it", clocked},
		{RepairQuorum, "repair without quorum", "a node that lost the key gets it back at once", both},
		{RepairHeld, "repair after release", "a repair does not ask whether the lease has ended", extended},
		{RepairGuard, "repair without guard", "a node that forgot takes a repair at once", repaired},
		{RestartGuard, "no restart guard", "a node that forgot votes at once", forgetful},
		{OneVote, "reply counted twice", "an answer that comes twice counts twice", plain},
		{CleanSilent, "clean-up of the known alone", "a lost attempt releases only where it knows of a grant", plain},
		{RisingHint, "no hint", "a client has only the nodes' counters, of which one is forgotten", forgetful},
		{ValidityCheck, "no validity check", "an attempt is won however long it took", plain},
		{HandOverOwner, "hand-over without owner test", "a hand-over takes the lock from whoever has it", handedOn},
		{HandOverCounter, "hand-over keeps the counter", "the next holder gets the fencing token of the last", handed},
		{HandOverBuries, "hand-over without tombstone", "a late acquire request of the old token meets nothing", handedResent},
		{HandOverHonours, "hand-over to the dead", "a late hand-over sets the key of one who has given up", handed},
		{HandOverGuard, "hand-over without guard", "a node that forgot takes a hand-over at once", handedForgetful},
	}
	for i := range list {
		list[i].Shown.Variant = list[i].Variant
	}
	return list
}

// variantNames are those of the constants, in their order.
var variantNames = [...]string{
	"WriteBack", "HintAndAccept", "AcceptOwner", "AcceptCounter", "ExactMajority", "Tombstone", "Doubts",
	"ReleaseOwner", "ExtendOwner", "RepairQuorum", "RepairHeld", "RepairGuard", "RestartGuard", "OneVote", "CleanSilent",
	"RisingHint", "ValidityCheck", "HandOverOwner", "HandOverCounter", "HandOverBuries", "HandOverHonours", "HandOverGuard",
}

// String names the safeguards left out, "none" where none is.
func (v Variant) String() string {
	var missing []string
	for rest := v & (1<<len(variantNames) - 1); rest != 0; rest &= rest - 1 {
		missing = append(missing, variantNames[bits.TrailingZeros32(uint32(rest))])
	}
	if missing == nil {
		return "none"
	}
	return strings.Join(missing, "+")
}
