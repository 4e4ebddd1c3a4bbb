package peer

import (
	"context"
)

// Queued is the floor of waiting: all waiters of all Lockers stand in one
// first-come queue in this process, before a single lock that is so never fought
// for. No lock between processes can be had for less than SET and EVALSHA between
// one holder and the next.
var Queued = Contestant{
	Name:  "in-process queue",
	About: "a first-come queue in the process before SET NX PX and EVALSHA; also where others have a Locker each: then it is out of reach",
	Sends: ByHand.Sends,
	Open: func(s Settings, n int) ([]Locker, error) {
		turn := make(chan struct{}, 1)
		return each(func(s Settings) (Locker, error) {
			// It waits for all nodes, so that no late SET of a turn meets the next.
			inner, err := newFloor(s, plainWords, true, false)
			if err != nil {
				return nil, err
			}
			return &queueLocker{inner, turn}, nil
		})(s, n)
	},
}

type queueLocker struct {
	inner *floorLocker
	turn  chan struct{} // holds one while somebody's turn lasts; Go serves senders in order
}

// Acquire waits for its turn.
func (l *queueLocker) Acquire(ctx context.Context, key string) (Lock, error) {
	select {
	case l.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	lock, err := l.inner.Try(ctx, key)
	if err != nil {
		<-l.turn
		return nil, err
	}
	return &queueLock{lock, l.turn}, nil
}

// Try asks the servers, whoever's turn it is.
func (l *queueLocker) Try(ctx context.Context, key string) (Lock, error) {
	return l.inner.Try(ctx, key)
}

// Close closes the clients; the queue is nothing but a channel.
func (l *queueLocker) Close() error { return l.inner.Close() }

type queueLock struct {
	Lock
	turn chan struct{}
}

// Release gives the turn to the next, whatever the servers say.
func (l *queueLock) Release(ctx context.Context) error {
	defer func() { <-l.turn }()
	return l.Lock.Release(ctx)
}
