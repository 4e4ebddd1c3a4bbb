package node

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// run keeps the subscription while somebody waits.
func (b *inbox) run(name string, timeout time.Duration) {
	retry := inboxRetry
	for b.goesOn(name) {
		began := time.Now()
		err := b.listen(timeout)
		b.set(false)
		if err == nil {
			continue // nobody waited for a while
		}
		if c, ok := b.of.n.line.client.(*redis.ClusterClient); ok && moved(err) {
			c.ReloadState(b.of.ctx) // which it does by itself for commands alone; returns at once
		}
		if time.Since(began) > inboxMost {
			retry = inboxRetry
		}
		select {
		case <-time.After(retry):
		case <-b.of.ctx.Done():
		}
		retry = min(2*retry, inboxMost)
	}
}

// goesOn reports whether the subscription is wanted, and leaves where it is not.
func (b *inbox) goesOn(name string) bool {
	b.of.mu.Lock()
	defer b.of.mu.Unlock()
	if len(b.waits) > 0 && b.of.ctx.Err() == nil {
		return true
	}
	b.runs = false
	delete(b.of.boxes, name)
	b.of.open.Add(-1)
	return false
}

func (b *inbox) set(live bool) {
	b.of.mu.Lock()
	defer b.of.mu.Unlock()
	b.live = live
}

// listen subscribes and takes in what comes. It returns nil once nobody has waited for a
// tick.
func (b *inbox) listen(timeout time.Duration) error {
	ctx := b.of.ctx
	sub := b.subscription(timeout)
	// The end of ctx ends reading; closing twice is harmless.
	stop := context.AfterFunc(ctx, func() { _ = sub.Close() })
	defer stop()
	defer func() { _ = sub.Close() }()
	if err := b.subscribe(ctx, sub); err != nil {
		return err
	}
	idle, silent := false, 0
	for {
		got, err := sub.ReceiveTimeout(ctx, inboxTick)
		switch {
		case err == nil:
			silent = 0
			if err := b.take(ctx, got); err != nil {
				return err
			}
		case !timedOut(err) || ctx.Err() != nil:
			return err
		default:
			silent++
		}
		waited := b.waited()
		if !waited && idle && err != nil {
			return nil
		}
		idle = !waited
		if silent == inboxPing && sub.Ping(ctx) != nil || silent > 2*inboxPing {
			return errSilent
		}
	}
}

func (b *inbox) subscription(timeout time.Duration) *redis.PubSub {
	switch c := b.of.n.line.client.(type) {
	case *redis.Client:
		return b.of.n.line.bounded(c, timeout).Subscribe(b.of.ctx)
	case *redis.ClusterClient:
		return c.SSubscribe(b.of.ctx)
	}
	panic("unreachable: Await has asked")
}

func (b *inbox) subscribe(ctx context.Context, sub *redis.PubSub) error {
	ctx, cancel := context.WithTimeout(ctx, inboxConnect)
	defer cancel()
	if b.sharded {
		return sub.SSubscribe(ctx, b.channel)
	}
	return sub.Subscribe(ctx, b.channel)
}

func (b *inbox) waited() bool {
	b.of.mu.Lock()
	defer b.of.mu.Unlock()
	return len(b.waits) > 0
}

// take takes in one message of the subscription. The error is its end.
func (b *inbox) take(ctx context.Context, got any) error {
	switch m := got.(type) {
	case *redis.Subscription:
		if m.Count == 0 {
			return errSlotMoved // a shard ends the subscription then, and leaves the connection
		}
		b.set(true)
		for _, w := range b.all() {
			w.placeWithin(ctx)
		}
	case *redis.Message:
		token, key, _ := strings.Cut(m.Payload, " ")
		b.of.mu.Lock()
		w := b.waits[key]
		b.of.mu.Unlock()
		if w != nil {
			w.wake(token)
		} else if key != "" {
			// Nobody here waits any more: the next in the queue is to know.
			ctx, cancel := context.WithTimeout(ctx, sweepTimeout)
			defer cancel()
			b.of.n.Ask(ctx, newQueueCall(key, "", 0, 0, sweepTimeout))
		}
	}
	return nil
}

// all returns who waits, for the longest first.
func (b *inbox) all() []*Wait {
	b.of.mu.Lock()
	defer b.of.mu.Unlock()
	all := make([]*Wait, 0, len(b.waits))
	for _, w := range b.waits {
		all = append(all, w)
	}
	slices.SortFunc(all, func(v, w *Wait) int {
		return cmp.Or(cmp.Compare(v.came, w.came), strings.Compare(v.key, w.key))
	})
	return all
}

var (
	errSilent    = errors.New("no sign of life")
	errSlotMoved = errors.New("the key has left this shard")
)
