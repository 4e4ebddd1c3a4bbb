package peer

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// attempts are how often a contestant may try to prove that it excludes.
const attempts = 3

// errTwoHolders is what no further attempt mends.
var errTwoHolders = errors.New("does not exclude: two Lockers hold one key")

// CheckExclusion returns an error unless c truly locks: what one of two Lockers
// holds the other does not get, and does get once it is released. A contestant that
// fails it is not measured: it might be fast by doing nothing. One that a busy machine
// has kept from answering may try again.
func CheckExclusion(ctx context.Context, c Contestant, s Settings) error {
	var err error
	for i := range attempts {
		err = checkExclusion(ctx, c, s, fmt.Sprintf("exclusion:%s:%d", c.Name, i))
		if err == nil || errors.Is(err, errTwoHolders) || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		return fmt.Errorf("%s %w", c.Name, err)
	}
	return nil
}

func checkExclusion(ctx context.Context, c Contestant, s Settings, key string) (err error) {
	lockers, err := c.Open(s, 2)
	if err != nil {
		return fmt.Errorf("cannot be opened: %w", err)
	}
	defer func() {
		if closed := CloseAll(lockers); err == nil {
			err = closed
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	held, err := lockers[0].Acquire(ctx, key)
	if err != nil {
		return fmt.Errorf("does not get a free lock: %w", err)
	}
	if stolen, err := lockers[1].Try(ctx, key); err == nil {
		_ = stolen.Release(ctx)
		_ = held.Release(ctx)
		return errTwoHolders
	}
	if err := held.Release(ctx); err != nil {
		return fmt.Errorf("does not release: %w", err)
	}
	// A release may be told before every node has done it.
	for {
		next, err := lockers[1].Try(ctx, key)
		if err == nil {
			return next.Release(ctx)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("does not get a released lock: %w", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
