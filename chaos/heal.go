package chaos

import (
	"context"
	"errors"
	"sync"
	"time"
)

// Heal undoes everything: nodes run, and are healthy, with clocks that go right and no
// trouble before them. Keys stay as they are. It tries until all is done, or ctx ends;
// then it returns what could not be undone. A closed cluster it cannot heal.
func (c *Cluster) Heal(ctx context.Context) error {
	errs := make([]error, len(c.nodes))
	var healing sync.WaitGroup
	for i, n := range c.nodes {
		healing.Go(func() { errs[i] = n.healUntilDone(ctx) })
	}
	healing.Wait()
	return errors.Join(errs...)
}

// heal undoes everything that can be undone; it may be tried again.
func (n *node) heal(ctx context.Context) error {
	n.p.setTrouble(Trouble{})
	n.p.resetSilent()
	return errors.Join(
		n.RateClock(ctx, 1),
		n.Thaw(ctx),
		n.Suffer(ctx, Healthy),
		n.Start(ctx, Kept),
		n.rightClock(),
	)
}

// healUntilDone heals until nothing is left to heal, or ctx ends.
func (n *node) healUntilDone(ctx context.Context) error {
	for {
		err := n.heal(ctx)
		if err == nil || errors.Is(err, errClosed) {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (n *node) rightClock() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.s.setClock()
	return nil
}
