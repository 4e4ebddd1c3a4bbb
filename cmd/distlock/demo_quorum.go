package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lilith/distlock"
)

// playQuorum acquires one lock and tells each node's vote.
func playQuorum(ctx context.Context, s *stage) error {
	votes := make(chan distlock.Event, 4*demoNodes)
	locker, err := s.open(distlock.Config{Trace: &distlock.Trace{Vote: func(e distlock.Event) {
		if e.Op == "acquire" {
			votes <- e
		}
	}}})
	if err != nil {
		return err
	}
	h, err := acquire(ctx, locker, "report")
	if err != nil {
		return err
	}
	granted, err := tellVotes(ctx, s, h, votes)
	if err != nil {
		return err
	}
	s.claim(granted >= 3 && h.IsHeld(), "%d of 5 nodes granted the key: the lock is held, for %v unless renewed", granted, h.Info().TTL)
	s.claimHigher(h)

	rival, err := s.open(distlock.Config{})
	if err != nil {
		return err
	}
	_, err = rival.TryAcquire(ctx, "report")
	s.claim(errors.Is(err, distlock.ErrHeld), "another process is told: held by another owner")
	if err := h.Release(ctx); err != nil {
		return err
	}
	h, err = acquire(ctx, rival, "report")
	if err != nil {
		return err
	}
	s.claim(h.IsHeld(), "the holder releases it, and the other process gets it")
	s.claimHigher(h)
	return h.Release(ctx)
}

// tellVotes waits for all five votes on h, as the lock itself needs but three, and
// returns how many granted.
func tellVotes(ctx context.Context, s *stage, h *distlock.Handle, votes <-chan distlock.Event) (granted int, err error) {
	byNode := make(map[string]distlock.Vote, demoNodes)
	for len(byNode) < demoNodes {
		select {
		case e := <-votes:
			if e.Token == h.Token() {
				byNode[e.Vote.Node] = e.Vote
			}
		case <-ctx.Done():
			return 0, fmt.Errorf("%d of 5 nodes voted: %w", len(byNode), ctx.Err())
		}
	}
	for i, addr := range s.addrs {
		v := byNode[addr]
		if v.Outcome == distlock.Granted {
			granted++
		}
		s.tell("node %d: %v in %v", i+1, v.Outcome, v.Latency.Round(10*time.Microsecond))
	}
	return granted, nil
}

// A ledger is what two workers write to: only the lock keeps them apart.
type ledger struct {
	mu     sync.Mutex // the reader's of inside and most; it does not guard count
	inside int        // workers between enter and leave
	most   int        // the most there ever were
	tokens []int64    // in the order of entering
	count  int        // read, then written back later: an overlap loses an update
}

func (l *ledger) enter(token int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inside++
	l.most = max(l.most, l.inside)
	l.tokens = append(l.tokens, token)
}

func (l *ledger) leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inside--
}

// playContention has two workers increment a number in turn.
func playContention(ctx context.Context, s *stage) error {
	const turns = 4
	var book ledger
	work := func(name string, locker *distlock.Locker) error {
		for range turns {
			h, err := acquire(ctx, locker, "ledger")
			if err != nil {
				return err
			}
			book.enter(h.FencingToken())
			seen := book.count
			time.Sleep(60 * time.Millisecond) // the work
			book.count = seen + 1
			s.tell("worker %s holds the lock, %d -> %d (fencing token %d)", name, seen, seen+1, h.FencingToken())
			book.leave()
			if err := h.Release(ctx); err != nil {
				return err
			}
			time.Sleep(80 * time.Millisecond) // what needs no lock
		}
		return nil
	}
	ended := make(chan error, 2)
	for _, name := range []string{"A", "B"} {
		locker, err := s.open(distlock.Config{})
		if err != nil {
			return err
		}
		go func() { ended <- work(name, locker) }()
	}
	if err := errors.Join(<-ended, <-ended); err != nil {
		return err
	}
	s.claim(book.most == 1, "never two at once")
	s.claim(book.count == 2*turns, "no increment was lost: %d of %d", book.count, 2*turns)
	rising := true
	for i := 1; i < len(book.tokens); i++ {
		rising = rising && book.tokens[i] > book.tokens[i-1]
	}
	s.claim(rising, "each turn's fencing token was higher than the turn's before")
	return nil
}
