package redlock

import "github.com/lilith/distlock"

// Quorum is quorum, for the tests.
var Quorum = quorum

// Ballots is how many kinds of ballots there are.
const Ballots = int(ballots)

// Verdict is what a tally of size nodes tells after the given ballots, Settled
// what it tells when the time is over.
func Verdict(size int, lease bool, got ...int) (v distlock.Verdict, certain bool) {
	t := count(size, lease, got)
	return t.verdict()
}

func Settled(size int, lease bool, got ...int) distlock.Verdict {
	t := count(size, lease, got)
	return t.settled()
}

func count(size int, lease bool, got []int) tally {
	t := tally{size: size, lease: lease}
	for _, b := range got {
		t.add(ballot(b))
	}
	return t
}
