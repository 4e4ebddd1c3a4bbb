package redlock

import "github.com/lilith/distlock"

// This file decides, and does nothing else: votes in, verdict out. It speaks to
// no node and reads no clock.

// quorum is the least majority of n nodes: any two quorums share a node, for even
// n too.
func quorum(n int) int { return n/2 + 1 }

// A ballot is what one node said, as far as the verdict depends on it.
type ballot uint8

const (
	yes         ballot = iota // granted, extended, released
	no                        // answered, and it is not to be had here
	abstained                 // answered, and does not vote
	rejecting                 // answered with an error that retrying cannot mend
	unreachable               // did not answer
	ballots
)

// A tally counts the ballots of size nodes. The zero value of got is an election
// in which nobody has voted.
type tally struct {
	size int
	got  [ballots]int

	// lease is set where the question is whether a lease is still held, rather
	// than whether a lock is free. It is denied only by refusals: a node that does
	// not answer may well have it.
	lease bool

	// release is set besides where the lease is given up: a node that has it no more
	// is as good as one that deletes it.
	release bool
}

func (t *tally) add(b ballot) { t.got[b]++ }

func (t *tally) pending() int {
	left := t.size
	for _, n := range t.got {
		left -= n
	}
	return left
}

// verdict returns what the nodes have decided, and whether that is certain:
// whether no ballot still to come could change it. It is certain at the latest
// when all have come.
//
// Agreed needs a quorum of yes. Without one a lock is Denied where a quorum
// answered yes or no, a lease where the noes alone leave no quorum, and a release that
// is not Denied is Agreed where a quorum answered yes or no; Rejected is where a quorum
// rejects; Unanswered all else.
func (t *tally) verdict() (v distlock.Verdict, certain bool) {
	q, left := quorum(t.size), t.pending()
	gone := t.got[yes] + t.got[no] // of a release: nodes that do not have it now
	answered, enough := gone, q
	if t.lease {
		answered, enough = t.got[no], t.size-q+1
	}
	lost := t.got[yes]+left < q
	switch {
	case t.got[yes] >= q:
		return distlock.Agreed, true
	case t.release && gone >= q && t.got[no]+left < enough:
		return distlock.Agreed, true
	case !lost:
		return distlock.Unanswered, false
	case answered >= enough:
		return distlock.Denied, true
	case t.got[rejecting] >= q:
		return distlock.Rejected, true
	case t.release && gone+left >= q:
		return distlock.Unanswered, false
	default:
		// Which way it is lost a late ballot can tell only if enough are to come.
		return distlock.Unanswered, answered+left < enough && t.got[rejecting]+left < q
	}
}

// settled returns the verdict with every ballot still to come counted as
// unreachable: what there is when the time is over.
func (t *tally) settled() distlock.Verdict {
	final := *t
	final.got[unreachable] += t.pending()
	v, _ := final.verdict()
	return v
}
