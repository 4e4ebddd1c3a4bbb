package redlock

import (
	"context"
	"sync"
	"time"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/node"
)

// An alarm makes one wake-up of what the nodes tell: when a majority has told the same
// release, or that the lock is free, for then it may be had. What fewer tell may be
// another's turn, or what a failed attempt gave back: after a moment they are all asked.
type alarm struct {
	quorum int
	wake   func()
	ask    func() // has each node tell whether the lock is free

	mu      sync.Mutex
	token   string // of the release last heard of
	heard   int    // how many nodes have told it
	free    int    // how many have said that the lock is free, since they were last asked
	timer   *time.Timer
	stopped bool
}

// patience is how long a majority is waited for: some round trips on a local network.
const patience = 2 * time.Millisecond

// hear is told by a node that the lock was released by token, or, where that is "", that
// it is free.
func (a *alarm) hear(token string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.stopped {
		return
	}
	if token == "" {
		if a.free++; a.free == a.quorum {
			a.wake()
		}
		return
	}
	if token != a.token {
		a.token, a.heard = token, 0
	}
	a.heard++
	switch {
	case a.heard == a.quorum:
		a.disarm()
		a.wake()
	case a.heard < a.quorum && a.timer == nil:
		a.timer = time.AfterFunc(patience, a.ring)
	}
}

// disarm stops the timer. The caller holds mu.
func (a *alarm) disarm() {
	if a.timer != nil {
		a.timer.Stop()
		a.timer = nil
	}
}

// ring is what the timer runs.
func (a *alarm) ring() {
	a.mu.Lock()
	rings := a.timer != nil && !a.stopped
	a.timer = nil
	a.free = 0
	a.mu.Unlock()
	if rings {
		a.ask()
	}
}

func (a *alarm) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.stopped = true
	a.disarm()
}

// Await implements [distlock.Store].
func (s *store) Await(req distlock.Request, wake func()) (stop func()) {
	a := &alarm{quorum: quorum(len(s.nodes)), wake: wake}
	waits := make([]*node.Wait, len(s.nodes))
	place := func(i int) {
		ctx, cancel := context.WithTimeout(context.Background(), req.NodeTimeout)
		defer cancel()
		waits[i].Place(ctx)
	}
	a.ask = func() {
		for i, w := range waits {
			if w.Ready() {
				s.crew.run(place, i)
			}
		}
	}
	a.mu.Lock() // nothing is heard before all are there
	for i, n := range s.nodes {
		waits[i] = n.Await(&req, a.hear)
	}
	a.mu.Unlock()
	a.ask()
	return func() {
		a.stop()
		for _, w := range waits {
			w.Stop()
		}
	}
}
