package redlock

import "github.com/lilith/distlock"

// Quorum is quorum, for the tests.
var Quorum = quorum

// Ballots is how many kinds of ballots there are.
const Ballots = int(ballots)

// A Question is what an election is about.
type Question int

// The questions: is a lock to be had, is a lease still held, is a lease given up.
const (
	Lock Question = iota
	Lease
	Release
	Questions
)

// Verdict is what a tally of size nodes tells after the given ballots, Settled
// what it tells when the time is over.
func Verdict(size int, about Question, got ...int) (v distlock.Verdict, certain bool) {
	t := count(size, about, got)
	return t.verdict()
}

func Settled(size int, about Question, got ...int) distlock.Verdict {
	t := count(size, about, got)
	return t.settled()
}

func count(size int, about Question, got []int) tally {
	t := tally{size: size, lease: about != Lock, release: about == Release}
	for _, b := range got {
		t.add(ballot(b))
	}
	return t
}
