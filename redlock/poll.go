package redlock

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/node"
)

// A poll asks every node one call, in parallel, and is decided as soon as the
// answers make the verdict certain. Who asked goes on then; the nodes still out
// answer later, to late.
//
// The goroutine whose answer decides wakes the caller: one wake-up a poll, not one
// a node.
type poll struct {
	s    *store
	req  *distlock.Request
	call *node.Call

	// count says how an answer counts. late, where not nil, gets the answers that
	// come after the verdict; it must not block. enough, where not nil, says instead
	// of the tally whether the replies known so far will do.
	count  func(node.Reply) ballot
	late   func(i int, r node.Reply)
	enough func(replies []node.Reply, pending int) bool

	// ctx bounds the requests. It is detached from the caller's, whose end must
	// not leave a node unasked or a grant unnoticed.
	ctx    context.Context
	limit  node.Limit // what ctx is where cancel is nil
	cancel context.CancelFunc
	began  time.Time

	requests []node.Request // one for each node

	mu      sync.Mutex
	replies []node.Reply
	known   []bool
	tally   tally
	out     int  // nodes that have not answered
	closed  bool // decided, or given up
	verdict distlock.Verdict
	decided chan struct{}
}

func (s *store) newPoll(ctx context.Context, req *distlock.Request, call *node.Call, count func(node.Reply) ballot) *poll {
	p := &poll{
		s: s, req: req, call: call, count: count,
		requests: make([]node.Request, len(s.nodes)),
		replies:  make([]node.Reply, len(s.nodes)),
		known:    make([]bool, len(s.nodes)),
		tally:    tally{size: len(s.nodes)},
		out:      len(s.nodes),
		decided:  make(chan struct{}),
	}
	p.began, p.ctx = time.Now(), ctx
	if ctx.Done() != nil {
		p.ctx = context.WithoutCancel(ctx)
	}
	if s.bare {
		s.alarms.Start(p.ctx, &p.limit, p.began, req.NodeTimeout)
		p.ctx = &p.limit
	} else {
		p.ctx, p.cancel = context.WithTimeout(p.ctx, req.NodeTimeout)
	}
	return p
}

// askAll asks all nodes and returns the verdict once it is certain, the node
// timeout is over, or ctx ends.
func (p *poll) askAll(ctx context.Context) distlock.Verdict {
	for i := range p.s.nodes {
		p.ask(i, p.began)
	}
	return p.wait(ctx)
}

// ask asks node i, and does not wait.
func (p *poll) ask(i int, now time.Time) {
	r := &p.requests[i]
	r.Call, r.To, r.Index = p.call, p, i
	p.s.nodes[i].Post(p.ctx, r, now)
}

// Answered implements [node.Asker].
func (p *poll) Answered(i int, r node.Reply) {
	p.carryOver(i, r)
	// The hook last, and aside: however long it takes, the answer has counted, and
	// the node's next is not kept waiting.
	if p.req.OnVote != nil {
		p.s.crew.run(func(i int) { p.req.OnVote(p.s.nodes[i].Vote(r)) }, i)
	}
}

// open reports whether an answer can still matter to the verdict.
func (p *poll) open() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.closed
}

// carryOver takes in an answer, which may be one that node i gave to another call.
func (p *poll) carryOver(i int, r node.Reply) {
	p.mu.Lock()
	p.out--
	last, late := p.out == 0, p.closed
	if !late {
		p.replies[i], p.known[i] = r, true
		p.tally.add(p.count(r))
		v, certain := p.tally.verdict()
		if p.enough != nil {
			certain = p.enough(p.replies, p.tally.pending())
		}
		if certain || last {
			p.closed, p.verdict = true, v
			close(p.decided)
		}
	}
	p.mu.Unlock()
	if last {
		p.end()
	}
	if late && p.late != nil {
		p.late(i, r)
	}
}

// end is for when no request is out any more.
func (p *poll) end() {
	if p.cancel != nil {
		p.cancel()
	} else {
		p.limit.End()
	}
}

var errNotAwaited = errors.New("not awaited: the verdict was certain without it")

// wait returns the verdict. From then on the replies are fixed: a node that has
// not answered stands there as unreachable, with the reason.
func (p *poll) wait(ctx context.Context) distlock.Verdict {
	missing := errNotAwaited
	select {
	case <-p.decided:
	case <-p.ctx.Done():
		missing = fmt.Errorf("no answer within %v", p.req.NodeTimeout)
	case <-ctx.Done():
		missing = fmt.Errorf("no answer before the context ended: %w", context.Cause(ctx))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		missing = errNotAwaited // whatever else came at the same moment
	} else {
		p.closed, p.verdict = true, p.tally.settled()
	}
	for i := range p.replies {
		if !p.known[i] {
			p.replies[i] = node.Reply{Err: missing}
		}
	}
	return p.verdict
}

// result returns the verdict with every node's vote. Only after wait.
func (p *poll) result() distlock.Result {
	votes := make([]distlock.Vote, len(p.replies))
	woken := false
	for i, r := range p.replies {
		votes[i] = p.s.nodes[i].Vote(r)
		woken = woken || r.Woken
	}
	return distlock.Result{Verdict: p.verdict, Votes: votes, Woken: woken}
}

// countReply is how most answers count.
func countReply(r node.Reply) ballot {
	switch {
	case r.Outcome == distlock.Granted:
		return yes
	case r.Outcome == distlock.Refused:
		return no
	case r.Outcome == distlock.Abstained:
		return abstained
	case r.Rejected:
		return rejecting
	default:
		return unreachable
	}
}
