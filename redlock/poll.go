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
	// come after the verdict. enough, where not nil, says instead of the tally
	// whether the replies known so far will do.
	count  func(node.Reply) ballot
	late   func(i int, r node.Reply)
	enough func(replies []node.Reply, pending int) bool

	// ctx bounds the requests. It is detached from the caller's, whose end must
	// not leave a node unasked or a grant unnoticed.
	ctx    context.Context
	cancel context.CancelFunc

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
		replies: make([]node.Reply, len(s.nodes)),
		known:   make([]bool, len(s.nodes)),
		tally:   tally{size: len(s.nodes)},
		out:     len(s.nodes),
		decided: make(chan struct{}),
	}
	p.ctx, p.cancel = context.WithTimeout(context.WithoutCancel(ctx), req.NodeTimeout)
	return p
}

// askAll asks all nodes and returns the verdict once it is certain, the node
// timeout is over, or ctx ends.
func (p *poll) askAll(ctx context.Context) distlock.Verdict {
	ask := p.ask
	for i := range p.s.nodes {
		p.s.crew.run(ask, i)
	}
	return p.wait(ctx)
}

func (p *poll) ask(i int) { p.deliver(i, p.s.nodes[i].Ask(p.ctx, p.call)) }

// deliver takes in the answer of node i.
func (p *poll) deliver(i int, r node.Reply) {
	p.carryOver(i, r)
	// The hook last: however long it takes, the answer has counted.
	if p.req.OnVote != nil {
		p.req.OnVote(p.s.nodes[i].Vote(r))
	}
}

// open reports whether an answer can still matter to the verdict.
func (p *poll) open() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.closed
}

// carryOver is deliver for an answer that node i gave to another call.
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
		p.cancel()
	}
	if late && p.late != nil {
		p.late(i, r)
	}
}

var errNotAwaited = errors.New("not awaited: the verdict was certain without it")

// wait returns the verdict. From then on the replies are fixed: a node that has
// not answered stands there as unreachable, with the reason.
func (p *poll) wait(ctx context.Context) distlock.Verdict {
	timer := time.NewTimer(p.req.NodeTimeout)
	defer timer.Stop()
	missing := errNotAwaited
	select {
	case <-p.decided:
	case <-timer.C:
		missing = fmt.Errorf("no answer within %v", p.req.NodeTimeout)
	case <-ctx.Done():
		missing = fmt.Errorf("no answer before the context ended: %w", context.Cause(ctx))
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
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
