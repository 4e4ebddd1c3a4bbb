package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/lilith/distlock"
)

// A fenced resource refuses whoever is behind the newest holder that it knows of.
// A lock alone cannot: a holder may be paused between checking its lease and
// writing, for longer than the lease lasts.
type fenced struct {
	mu    sync.Mutex
	mark  int64 // the largest token seen
	value string
}

var errStale = errors.New("stale fencing token")

// open raises the mark and reads. The mark comes first: a read that did not raise
// it would let an older holder write between this holder's read and write.
func (f *fenced) open(token int64) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if token < f.mark {
		return "", errStale
	}
	f.mark = token
	return f.value, nil
}

// write checks the token in the same step as it writes.
func (f *fenced) write(token int64, value string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if token < f.mark {
		return errStale
	}
	f.mark, f.value = token, value
	return nil
}

// playStaleWrite has a holder sleep through its lease and write all the same.
func playStaleWrite(ctx context.Context, s *stage) error {
	account := &fenced{value: "100"}
	first, err := s.open(distlock.Config{TTL: 1500 * time.Millisecond})
	if err != nil {
		return err
	}
	second, err := s.open(distlock.Config{})
	if err != nil {
		return err
	}
	a, err := acquire(ctx, first, "account")
	if err != nil {
		return err
	}
	s.claimHigher(a)
	balance, err := account.open(a.FencingToken())
	if err != nil {
		return err
	}
	s.tell("A holds the lock, reads %s, and falls asleep without renewing its lease", balance)

	b, err := acquire(ctx, second, "account")
	if err != nil {
		return err
	}
	s.claim(!a.IsHeld(), "A's lease is over; B has the lock")
	s.claimHigher(b)
	if _, err := account.open(b.FencingToken()); err != nil {
		return err
	}
	s.claimNil(account.write(b.FencingToken(), "80"), "B writes 80")

	err = account.write(a.FencingToken(), "120")
	s.claim(errors.Is(err, errStale), "A wakes up and writes 120: refused, %v", err)
	s.claim(account.value == "80", "the account holds %s: nothing was overwritten", account.value)
	return b.Release(ctx)
}
