package node

import (
	"context"
	"sync"
	"time"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/clock"
)

const (
	sweepAtLeast = time.Minute            // a debt is worth this long, or two TTLs
	sweepTimeout = 500 * time.Millisecond // of one attempt, so that close is bounded
	sweepFirst   = 20 * time.Millisecond  // wait before the first attempt; it doubles
	sweepMost    = 500 * time.Millisecond // and stays here
	sweepLast    = 400 * time.Millisecond // for a last attempt at each debt, on close
	maxDebts     = 4096                   // beyond, the oldest is forgotten: its key expires
)

// A debt is a key that this node may hold, or may come to hold when it reads what
// was sent to it, and that nobody wants.
type debt struct {
	key, token string
	ttl        time.Duration
	until      clock.Instant
}

// A sweeper pays a node's debts in the background, one at a time and each in its
// turn: however many requests a hung node has left unanswered, one goroutine waits
// for it, and none where nothing is owed.
type sweeper struct {
	n      *Node
	ctx    context.Context // ended by close, in the end
	cancel context.CancelFunc
	hurry  chan struct{} // closed by close, at first
	once   sync.Once     // closes hurry

	mu      sync.Mutex
	debts   []debt
	running bool
	done    chan struct{} // of the goroutine running, closed when it ends
}

func (s *sweeper) init(n *Node) {
	s.n = n
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.hurry = make(chan struct{})
}

func (s *sweeper) add(d debt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() != nil {
		return
	}
	if len(s.debts) == maxDebts {
		s.debts = s.debts[1:]
	}
	s.debts = append(s.debts, d)
	if !s.running {
		s.running, s.done = true, make(chan struct{})
		go s.run() // close waits for it
	}
}

// run pays debts until none are left, or the sweeper is closed.
func (s *sweeper) run() {
	wait := sweepFirst
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		last := false // attempt
		select {
		case <-timer.C:
		case <-s.hurry:
			last = true
		case <-s.ctx.Done():
		}
		d, owed := s.take()
		if !owed {
			return
		}
		if s.pay(d) {
			wait = 0 // the node answers: the rest at once
		} else {
			wait = min(max(2*wait, sweepFirst), sweepMost)
			if !last {
				s.putBack(d)
			}
		}
		timer.Reset(wait)
	}
}

// take removes the debt whose turn it is. Where there is none the goroutine must
// end.
func (s *sweeper) take() (debt, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := clock.Now()
	for len(s.debts) > 0 && s.debts[0].until.Before(now) {
		s.debts = s.debts[1:]
	}
	if len(s.debts) == 0 || s.ctx.Err() != nil {
		s.debts, s.running = nil, false
		close(s.done)
		return debt{}, false
	}
	d := s.debts[0]
	s.debts = s.debts[1:]
	return d, true
}

// putBack has a debt wait for its next turn, behind all others: one that cannot be
// paid, such as a key of a Ring's dead shard, must not stand before one that can.
func (s *sweeper) putBack(d debt) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.debts) < maxDebts {
		s.debts = append(s.debts, d)
	}
}

// pay reports whether the debt is settled: released, or beyond releasing.
func (s *sweeper) pay(d debt) bool {
	req := distlock.Request{
		Key: d.key, Token: d.token, TTL: d.ttl, NodeTimeout: sweepTimeout, Abandon: true,
	}
	ctx, cancel := context.WithTimeout(s.ctx, sweepTimeout)
	defer cancel()
	r := s.n.Ask(ctx, Release(&req))
	return r.Outcome != distlock.Unreachable || r.Rejected
}

// close tries each debt once more, forgets the rest and waits for the goroutine.
func (s *sweeper) close() {
	s.once.Do(func() { close(s.hurry) })
	giveUp := time.AfterFunc(sweepLast, s.cancel)
	defer giveUp.Stop()
	s.mu.Lock()
	running, done := s.running, s.done
	s.mu.Unlock()
	if running {
		<-done
	}
	s.cancel()
}
