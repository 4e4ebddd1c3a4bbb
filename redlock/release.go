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
	call := node.HandOver(&req)
	release := s.newRelease(ctx, &req, call)
	a := &attempt{s: s, req: req.Successor}
	grant := s.newPoll(ctx, req.Successor, call, countReply)
	grant.late = a.takeLate
	call.Wanted = grant.open
	both := &exchange{s: s, req: &req, release: release, grant: grant}
	bounds := grant.ctx
	if req.NodeTimeout > req.Successor.NodeTimeout {
		bounds = release.ctx
	}
	for i, n := range s.nodes {
		r := &grant.requests[i]
		r.Call, r.To, r.Index = call, both, i
		n.Post(bounds, r, grant.began)
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

// An exchange passes each node's answer to a hand-over on to the two polls.
type exchange struct {
	s              *store
	req            *distlock.Request // of the release
	release, grant *poll
}

// Answered implements [node.Asker].
func (x *exchange) Answered(i int, r node.Reply) {
	released := *r.Released
	r.Released = nil
	// The grant first: who wakes at the release's verdict finds its own fallen too.
	x.grant.Answered(i, r)
	if !released.Undecided {
		x.release.Answered(i, released)
		return
	}
	x.s.crew.run(func(i int) {
		released := x.s.nodes[i].AskInTime(context.WithoutCancel(x.release.ctx), node.Release(x.req))
		released.Resent = true // the hand-over may have released it
		x.release.Answered(i, released)
	}, i)
}
