package redlock

import (
	"context"
	"slices"
	"time"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/node"
)

// Inspect implements [distlock.Store].
func (s *store) Inspect(ctx context.Context, req distlock.Request) distlock.Result {
	p := s.newPoll(ctx, &req, node.Inspect(&req), countReply)
	p.enough = func(replies []node.Reply, pending int) bool {
		return req.OwnerOnly && ownerCertain(replies, pending)
	}
	p.askAll(ctx)
	res := p.result()
	answered := 0
	for _, r := range p.replies {
		if b := countReply(r); b == yes || b == no {
			answered++
		}
	}
	if answered >= quorum(len(s.nodes)) {
		res.Verdict = distlock.Agreed // held or free is all the same here
		var with node.Reply
		with, res.Held = owner(p.replies)
		res.Owner, res.FencingToken, res.Remaining = with.Owner, with.Counter, with.Remaining
	}
	return res
}

// ownerCertain reports whether no answer still to come could change who has a
// majority, a majority having answered.
func ownerCertain(replies []node.Reply, pending int) bool {
	q := quorum(len(replies))
	most, answered := 0, 0
	held := make(map[string]int)
	for _, r := range replies {
		if r.Held {
			held[r.Owner]++
			most = max(most, held[r.Owner])
		}
		if b := countReply(r); b == yes || b == no {
			answered++
		}
	}
	return most >= q || answered >= q && most+pending < q
}

// owner returns whom a majority of all nodes holds the key for, with the counter
// that a majority shares, if one does, and the time for which a majority will go on holding it.
func owner(replies []node.Reply) (with node.Reply, held bool) {
	q := quorum(len(replies))
	for _, candidate := range replies {
		if !candidate.Held {
			continue
		}
		var left []time.Duration
		counters := make(map[int64]int)
		for _, r := range replies {
			if r.Held && r.Owner == candidate.Owner {
				left = append(left, r.Remaining)
				counters[r.Counter]++
			}
		}
		if len(left) < q {
			continue
		}
		// The fencing token is what a quorum shares; a node granted late may have a
		// counter of its own, and too few nodes may have answered to tell.
		for counter, n := range counters {
			if n >= q {
				with.Counter = counter
			}
		}
		// Held until the nodes left are too few: until the q-th longest ends.
		slices.Sort(left)
		with.Owner, with.Remaining = candidate.Owner, left[len(left)-q]
		return with, true
	}
	return node.Reply{}, false
}

// freeIn returns how long the owners' leases, and the restart guards of nodes that
// abstain, may keep an attempt from a majority, given how many nodes granted: 0 where
// that cannot be told.
func freeIn(replies []node.Reply) time.Duration {
	granted := 0
	var left []time.Duration
	for _, r := range replies {
		switch {
		case countReply(r) == yes:
			granted++
		case countReply(r) == no && r.Remaining > 0:
			left = append(left, r.Remaining)
		case countReply(r) == abstained && r.VotesIn > 0:
			left = append(left, r.VotesIn)
		}
	}
	missing := quorum(len(replies)) - granted
	if missing < 1 || missing > len(left) {
		return 0
	}
	slices.Sort(left)
	return left[missing-1]
}
