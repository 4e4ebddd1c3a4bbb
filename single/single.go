// Package single locks on one Redis: a key is held by the owner that Redis names, for
// as long as it is up and remembers. It is the fastest lock, one round trip on the
// caller's own goroutine, and the right one where an outage of that Redis may stop
// the work.
//
// Use package redlock where the lock must survive the loss of a node; both return
// the same Locker, and a program moves from one to the other by changing one line.
//
// Limits: what the Redis forgets is forgotten. A restart without persistence, and
// a failover to a replica that had not yet heard of the lock, make two holders;
// Config.RestartGuard covers the restart, and the fencing token tells the two
// apart as long as clocks are right.
package single

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/node"
)

// New returns a Locker over client: a plain client, a Sentinel failover client, a
// Cluster or a Ring. It sends nothing yet and never blocks. The client stays the
// caller's, who closes it after the Locker; any of go-redis's settings will do.
//
// A nil client and a bad field of cfg are [distlock.ErrInvalidArgument].
func New(client redis.UniversalClient, cfg distlock.Config) (*distlock.Locker, error) {
	if err := node.Check(client, "client"); err != nil {
		return nil, err
	}
	if err := node.CheckGuard(client, "client", cfg); err != nil {
		return nil, err
	}
	return distlock.New(&store{node.New(client, 0)}, cfg)
}

// A store is what package distlock asks of one node. Each method asks on the
// caller's goroutine: handing a request to another costs two wake-ups across cores,
// three times the request itself.
type store struct{ node *node.Node }

func (s *store) ask(ctx context.Context, req *distlock.Request, call *node.Call) (node.Reply, distlock.Result) {
	r := s.node.AskInTime(ctx, call)
	return r, s.result(req, r)
}

func (s *store) result(req *distlock.Request, r node.Reply) distlock.Result {
	vote := s.node.Vote(r)
	if req.OnVote != nil {
		req.OnVote(vote)
	}
	return distlock.Result{Verdict: verdict(r), Votes: []distlock.Vote{vote}, Woken: r.Woken}
}

// verdict is the whole election of one node.
func verdict(r node.Reply) distlock.Verdict {
	switch {
	case r.Outcome == distlock.Granted:
		return distlock.Agreed
	case r.Outcome == distlock.Refused:
		return distlock.Denied
	case r.Rejected:
		return distlock.Rejected
	default:
		return distlock.Unanswered
	}
}

// Acquire implements [distlock.Store].
func (s *store) Acquire(ctx context.Context, req distlock.Request) distlock.Result {
	r, res := s.ask(ctx, &req, node.Acquire(&req))
	if res.Verdict == distlock.Agreed {
		res.FencingToken = r.Counter
		return res
	}
	res.Remaining = max(r.Remaining, r.VotesIn)
	if r.MaySet {
		s.node.Abandon(req.Key, req.Token, req.TTL)
	}
	return res
}

// Extend implements [distlock.Store].
func (s *store) Extend(ctx context.Context, req distlock.Request) distlock.Result {
	_, res := s.ask(ctx, &req, node.Extend(&req))
	return res
}

// Release implements [distlock.Store].
func (s *store) Release(ctx context.Context, req distlock.Request) distlock.Result {
	r, res := s.ask(ctx, &req, node.Release(&req))
	return s.released(&req, r, res)
}

// released is the result of a release that the node answered with r.
func (s *store) released(req *distlock.Request, r node.Reply, res distlock.Result) distlock.Result {
	if r.Outcome == distlock.Refused && (req.Repeated || r.Resent) {
		res.Verdict = distlock.Agreed // deleted by the copy that went unanswered, and perhaps another's since
	}
	if r.Outcome == distlock.Unreachable {
		s.node.Abandon(req.Key, req.Token, req.TTL)
	}
	return res
}

// HandOver implements [distlock.Store].
func (s *store) HandOver(ctx context.Context, req distlock.Request, granted func(distlock.Result)) distlock.Result {
	next := req.Successor
	acquired := s.node.AskInTime(ctx, node.HandOver(&req))
	released := *acquired.Released
	if released.Undecided {
		released = s.node.AskInTime(ctx, node.Release(&req))
		released.Resent = true // the hand-over may have released it
	}
	res, won := s.result(&req, released), s.result(next, acquired)
	won.FencingToken, won.Remaining = acquired.Counter, acquired.Remaining
	if won.Verdict != distlock.Agreed {
		won.FencingToken = 0
		if acquired.MaySet {
			s.node.Abandon(next.Key, next.Token, next.TTL)
		}
	}
	granted(won)
	return s.released(&req, released, res)
}

// Await implements [distlock.Store].
func (s *store) Await(req distlock.Request, wake func()) (stop func()) {
	w := s.node.Await(&req, func(string) { wake() })
	if w == nil {
		return func() {}
	}
	s.node.Later(w)
	return w.Stop
}

// Inspect implements [distlock.Store].
func (s *store) Inspect(ctx context.Context, req distlock.Request) distlock.Result {
	r, res := s.ask(ctx, &req, node.Inspect(&req))
	if res.Verdict == distlock.Denied {
		res.Verdict = distlock.Agreed // it answered; held or free is all the same here
		res.Held, res.Owner, res.FencingToken, res.Remaining = true, r.Owner, r.Counter, r.Remaining
	}
	return res
}

// Close implements [distlock.Store].
func (s *store) Close() error { return s.node.Close() }
