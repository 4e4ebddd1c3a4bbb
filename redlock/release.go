package redlock

import (
	"context"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/node"
)

// Release implements [distlock.Store].
func (s *store) Release(ctx context.Context, req distlock.Request) distlock.Result {
	p := s.newRelease(ctx, &req, node.Release(&req))
	p.askAll(ctx)
	return s.released(p)
}

// newRelease returns a poll in which a lease is given back.
func (s *store) newRelease(ctx context.Context, req *distlock.Request, call *node.Call) *poll {
	p := s.newPoll(ctx, req, call, func(r node.Reply) ballot {
		if r.Outcome == distlock.Refused && (req.Repeated || r.Resent) {
			return yes // deleted by the copy that went unanswered, and perhaps another's since
		}
		return countReply(r)
	})
	p.tally.lease, p.tally.release = true, true
	p.late = func(i int, r node.Reply) {
		if r.Outcome == distlock.Unreachable {
			s.nodes[i].Abandon(req.Key, req.Token, req.TTL)
		}
	}
	return p
}

// released returns the result of a release that is decided, and has its key deleted
// where a node did not answer.
func (s *store) released(p *poll) distlock.Result {
	for i, r := range p.replies {
		if p.known[i] {
			p.late(i, r)
		}
	}
	return p.result()
}

// HandOver implements [distlock.Store]. Each node answers two polls at once.
func (s *store) HandOver(ctx context.Context, req distlock.Request, granted func(distlock.Result)) distlock.Result {
	call, alone := node.HandOver(&req), node.Release(&req)
	release := s.newRelease(ctx, &req, call)
	a := &attempt{s: s, req: req.Successor}
	grant := s.newPoll(ctx, req.Successor, call, countReply)
	grant.late = a.takeLate
	call.Wanted = grant.open
	both := grant.ctx
	if req.NodeTimeout > req.Successor.NodeTimeout {
		both = release.ctx
	}
	ask := func(i int) {
		released, acquired := s.nodes[i].HandOver(both, call, alone)
		// The grant first: who wakes at the release's verdict finds its own fallen too.
		grant.deliver(i, acquired)
		release.deliver(i, released)
	}
	for i := range s.nodes {
		s.crew.run(ask, i)
	}
	verdict := release.wait(ctx)
	conclude := func(int) { granted(a.conclude(ctx, grant, grant.wait(ctx))) }
	if verdict == distlock.Agreed && !grant.open() {
		conclude(0)
	} else {
		s.crew.run(conclude, 0) // nobody's release waits for another's acquisition
	}
	return s.released(release)
}
