package redlock

import (
	"context"
	"sync"
	"time"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/node"
)

// An attempt is one acquisition attempt: a first phase that asks for the lock and
// the counters, and, where the counters granted differ, a second that has a
// quorum accept one of them as the fencing token.
type attempt struct {
	s   *store
	req *distlock.Request

	// mu guards what follows: what becomes of answers to the first phase that
	// come after it was decided.
	mu     sync.Mutex
	accept *poll // the second phase, once begun
	token  int64 // what it proposes
	fate   fate
	late   []lateReply // those that came while fate was open
}

type fate uint8

const (
	open fate = iota
	won
	lost
)

type lateReply struct {
	node  int
	reply node.Reply
}

// Acquire implements [distlock.Store].
func (s *store) Acquire(ctx context.Context, req distlock.Request) distlock.Result {
	a := &attempt{s: s, req: &req}
	call := node.Acquire(&req)
	grant := s.newPoll(ctx, &req, call, countReply)
	grant.late = a.takeLate
	call.Wanted = grant.open

	return a.conclude(ctx, grant, grant.askAll(ctx))
}

// conclude makes a result of the first phase's verdict, by a second phase where one is
// needed. What a lost attempt was granted is given back.
func (a *attempt) conclude(ctx context.Context, grant *poll, verdict distlock.Verdict) distlock.Result {
	var res distlock.Result
	if token, same := highest(grant.replies); verdict == distlock.Agreed && !same {
		res = a.propose(ctx, grant, token)
	} else {
		res = grant.result()
		res.FencingToken = token
	}
	if res.Verdict == distlock.Agreed {
		a.decide(won)
		return res
	}
	res.FencingToken, res.Remaining = 0, freeIn(grant.replies)
	a.decide(lost)
	a.cleanUp(ctx, grant)
	return res
}

// highest returns the largest counter granted, and whether all are alike.
func highest(replies []node.Reply) (token int64, same bool) {
	same = true
	seen := false
	for _, r := range replies {
		if r.Outcome == distlock.Granted {
			same = same && (!seen || r.Counter == token)
			token, seen = max(token, r.Counter), true
		}
	}
	return token, same
}

// propose runs the second phase: token becomes the fencing token if a quorum of
// nodes still has the lock and no counter above token. DESIGN.md has the proof
// that two holders then never share a token.
//
// Nodes that have not answered the first phase may still: their grant, where it
// comes in time, is followed by the proposal.
func (a *attempt) propose(ctx context.Context, grant *poll, token int64) distlock.Result {
	// An answer to the first phase says nothing about the second: only those that
	// did not grant count as what they said.
	accept := a.s.newPoll(ctx, a.req, node.Accept(a.req, token), countReply)
	a.mu.Lock()
	a.accept, a.token = accept, token
	early := a.late
	a.mu.Unlock()

	for i, r := range grant.replies {
		switch {
		case !grant.known[i]: // to come, or among the early
		case r.Outcome == distlock.Granted:
			accept.ask(i, time.Now())
		default:
			accept.carryOver(i, r)
		}
	}
	for _, l := range early {
		a.proposeLate(l.node, l.reply)
	}
	verdict := accept.wait(ctx)
	res := accept.result()
	if verdict == distlock.Agreed {
		res.FencingToken = token
	}
	return res
}

// proposeLate takes a late answer to the first phase into the second.
func (a *attempt) proposeLate(i int, r node.Reply) {
	if r.Outcome == distlock.Granted {
		a.accept.ask(i, time.Now())
	} else {
		a.accept.carryOver(i, r)
	}
}

// takeLate is told the answers to the first phase that came after its verdict.
func (a *attempt) takeLate(i int, r node.Reply) {
	a.mu.Lock()
	fate, accept := a.fate, a.accept
	if fate == open {
		// Kept in any case: a grant must be found again if the attempt is lost.
		a.late = append(a.late, lateReply{i, r})
	}
	a.mu.Unlock()
	switch {
	case fate == lost:
		a.s.crew.run(func(i int) { a.clean(i, r) }, i)
	case fate == open && accept != nil:
		a.proposeLate(i, r)
	}
}

func (a *attempt) decide(f fate) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.fate = f
}

// cleanWait bounds how long a lost attempt waits for its grants to be given back.
const cleanWait = 100 * time.Millisecond

// cleanUp gives back what a lost attempt was granted, on every node that is not
// known to have refused, and waits a little for those that answer, so that the
// next attempt does not meet this one's keys. Nodes still out are cleaned when
// they answer, by takeLate; nodes that do not, by their sweepers.
func (a *attempt) cleanUp(ctx context.Context, grant *poll) {
	a.mu.Lock()
	owed := a.late
	a.mu.Unlock()
	for i, r := range grant.replies {
		if grant.known[i] {
			owed = append(owed, lateReply{i, r})
		}
	}
	left := make(chan struct{}, len(owed))
	granted := 0
	for _, l := range owed {
		if l.reply.Outcome != distlock.Granted {
			a.clean(l.node, l.reply)
			continue
		}
		granted++
		a.s.crew.run(func(i int) {
			a.clean(i, l.reply)
			left <- struct{}{}
		}, l.node)
	}
	timer := time.NewTimer(min(cleanWait, a.req.NodeTimeout))
	defer timer.Stop()
	for range granted {
		select {
		case <-left:
		case <-timer.C:
			return
		case <-ctx.Done():
			return
		}
	}
}

// clean sees to it that node i, which answered r, does not keep the key.
func (a *attempt) clean(i int, r node.Reply) {
	n := a.s.nodes[i]
	if r.Outcome == distlock.Granted {
		req := *a.req
		req.Abandon = r.MaySet
		ctx, cancel := context.WithTimeout(context.Background(), req.NodeTimeout)
		defer cancel()
		r.MaySet = n.Ask(ctx, node.Release(&req)).Outcome == distlock.Unreachable
	}
	if r.MaySet {
		n.Abandon(a.req.Key, a.req.Token, a.req.TTL)
	}
}
