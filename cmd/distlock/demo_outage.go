package main

import (
	"context"
	"errors"
	"time"

	"github.com/lilith/distlock"
)

// playMinorityLoss kills two nodes of five while a lock is held.
func playMinorityLoss(ctx context.Context, s *stage) error {
	locker, err := s.open(distlock.Config{})
	if err != nil {
		return err
	}
	h, err := acquire(ctx, locker, "deploy")
	if err != nil {
		return err
	}
	if err := s.everywhere(ctx, h); err != nil {
		return err
	}
	before := h.ValidUntil()
	s.tell("a holder has the lock until %s", clockTime(before))
	s.kill(0)
	s.kill(1)
	s.claimNil(h.Extend(ctx, 0), "it extends its lease all the same")
	s.claim(h.ValidUntil().After(before), "and has the lock until %s now", clockTime(h.ValidUntil()))
	s.claimNil(h.Release(ctx), "it releases the lock")
	s.claim(s.holders("deploy", h.Token(), 2, 3, 4) == 0, "and its key is gone from the nodes that are left")
	return nil
}

// playMajorityLoss kills a third node: a lease that cannot be renewed must end for
// its holder before the keys on the nodes that are left do.
func playMajorityLoss(ctx context.Context, s *stage) error {
	// A fifth of the lease is allowed for drift, for the margin to be seen.
	locker, err := s.open(distlock.Config{TTL: 2 * time.Second, DriftFactor: 0.2, Trace: &distlock.Trace{
		Extended: firstFailure(s),
	}})
	if err != nil {
		return err
	}
	h, err := acquire(ctx, locker, "deploy", distlock.WithAutoExtend())
	if err != nil {
		return err
	}
	s.claim(s.holders("deploy", h.Token(), 2, 3, 4) == 3, "three of five are a majority: the lock is held, and renewed every %v", (h.Info().TTL / 3).Round(time.Millisecond))
	s.claimHigher(h)
	s.kill(2)

	held, cancel := h.Context(ctx)
	defer cancel()
	// What is left is counted the moment the context ends.
	left := make(chan int, 1)
	stop := context.AfterFunc(held, func() { left <- s.holders("deploy", h.Token(), 3, 4) })
	defer stop()
	keys := <-left // held ends with ctx too
	s.claim(errors.Is(context.Cause(held), distlock.ErrLost) && !h.IsHeld(),
		"the holder's context is cancelled %v into a lease of %v", time.Since(h.Info().AcquiredAt).Round(time.Millisecond), h.Info().TTL)
	s.claim(keys == 2, "its keys still stand on the two nodes left: it knew before anybody could take over")
	_, err = locker.TryAcquire(ctx, "deploy")
	s.claim(errors.Is(err, distlock.ErrUnavailable), "nobody gets the lock now: two of five nodes are no majority")
	return nil
}

// firstFailure tells the first extension that failed.
func firstFailure(s *stage) func(distlock.Event) {
	told := false
	return func(e distlock.Event) { // one at a time: there is one lease
		if e.Err != nil && !told {
			told = true
			s.tell("a renewal goes unanswered by a majority; it is tried again until the lease ends")
		}
	}
}

// playRecovery starts the nodes again, with what they held when they died.
func playRecovery(ctx context.Context, s *stage) error {
	for _, i := range []int{0, 1, 2} {
		if err := s.nodes[i].Restart(); err != nil {
			return err
		}
	}
	s.tell("nodes 1, 2 and 3 answer again")
	locker, err := s.open(distlock.Config{})
	if err != nil {
		return err
	}
	h, err := acquire(ctx, locker, "deploy")
	if err != nil {
		return err
	}
	s.claim(h.IsHeld(), "the lock is acquired again")
	s.claimHigher(h)
	return h.Release(ctx)
}

func (s *stage) kill(node int) {
	s.nodes[node].Close()
	s.tell("node %d is dead", node+1)
}

func clockTime(t time.Time) string { return t.Format("15:04:05.000") }
