package peer

import (
	"context"

	"github.com/redis/rueidis"
	"github.com/redis/rueidis/rueidislock"
)

// Rueidislock is redis/rueidis's lock. Its quorum is one of keys, not of nodes: with
// n nodes given it locks n keys on the first, which no loss of a node survives.
var Rueidislock = Contestant{
	Name:  "rueidislock",
	About: "redis/rueidis/rueidislock: its client pipelines and is told of releases by invalidations; where others ask five nodes, it asks one server for five keys",
	Sends: []string{"evalsha", "eval"},
	Open: each(func(s Settings) (Locker, error) {
		l, err := rueidislock.NewLocker(rueidislock.LockerOption{
			ClientOption:   rueidis.ClientOption{InitAddress: s.Addrs[:1]},
			KeyValidity:    s.TTL,
			KeyMajority:    int32(len(s.Addrs)/2 + 1),
			NoLoopTracking: true,
		})
		if err != nil {
			return nil, err
		}
		return rueidisLocker{l}, nil
	}),
}

type rueidisLocker struct{ l rueidislock.Locker }

// Acquire waits until the server tells of a release.
func (l rueidisLocker) Acquire(ctx context.Context, key string) (Lock, error) {
	_, cancel, err := l.l.WithContext(ctx, key)
	if err != nil {
		return nil, err
	}
	return rueidisLock(cancel), nil
}

// Try makes one attempt.
func (l rueidisLocker) Try(ctx context.Context, key string) (Lock, error) {
	_, cancel, err := l.l.TryWithContext(ctx, key)
	if err != nil {
		return nil, err
	}
	return rueidisLock(cancel), nil
}

// Close ends the locks still held, and the client.
func (l rueidisLocker) Close() error {
	l.l.Close()
	return nil
}

type rueidisLock context.CancelFunc

// Release waits until the keys are deleted.
func (l rueidisLock) Release(context.Context) error {
	l()
	return nil
}
