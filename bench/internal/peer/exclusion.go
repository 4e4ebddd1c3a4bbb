package peer

import (
	"context"
	"fmt"
	"time"
)

// CheckExclusion returns an error unless c truly locks: what one of two Lockers
// holds the other does not get, and does get once it is released. A contestant that
// fails it is not measured: it might be fast by doing nothing.
func CheckExclusion(ctx context.Context, c Contestant, s Settings) (err error) {
	lockers, err := c.Open(s, 2)
	if err != nil {
		return err
	}
	defer func() {
		if closed := CloseAll(lockers); err == nil {
			err = closed
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	key := "exclusion:" + c.Name
	held, err := lockers[0].Acquire(ctx, key)
	if err != nil {
		return fmt.Errorf("%s does not get a free lock: %w", c.Name, err)
	}
	if stolen, err := lockers[1].Try(ctx, key); err == nil {
		_ = stolen.Release(ctx)
		_ = held.Release(ctx)
		return fmt.Errorf("%s does not exclude: two Lockers hold one key", c.Name)
	}
	if err := held.Release(ctx); err != nil {
		return fmt.Errorf("%s does not release: %w", c.Name, err)
	}
	// A release may be told before every node has done it.
	for {
		next, err := lockers[1].Try(ctx, key)
		if err == nil {
			return next.Release(ctx)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s does not get a released lock: %w", c.Name, err)
		case <-time.After(5 * time.Millisecond):
		}
	}
}
