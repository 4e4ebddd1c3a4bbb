package peer

import (
	"context"
	"time"

	"github.com/bsm/redislock"
)

// The ways of redislock. It has no quorum: one node only.
var (
	Redislock = redislockWith("redislock",
		"bsm/redislock; retries every 10 ms where it must wait",
		func() redislock.RetryStrategy { return redislock.LinearBackoff(10 * time.Millisecond) })
	RedislockExponential = redislockWith("redislock 16–512 ms",
		"bsm/redislock with its exponential backoff",
		func() redislock.RetryStrategy {
			return redislock.ExponentialBackoff(16*time.Millisecond, 512*time.Millisecond)
		})
)

func redislockWith(name, about string, strategy func() redislock.RetryStrategy) Contestant {
	return Contestant{
		Name: name, About: about, Sends: []string{"evalsha", "eval"},
		Open: each(func(s Settings) (Locker, error) {
			clients := newPool(s)
			return &redislockLocker{redislock.New(clients[0]), clients, s.TTL, strategy}, nil
		}),
	}
}

type redislockLocker struct {
	c        *redislock.Client
	clients  pool
	ttl      time.Duration
	strategy func() redislock.RetryStrategy
}

// Acquire retries as the strategy says.
func (l *redislockLocker) Acquire(ctx context.Context, key string) (Lock, error) {
	lock, err := l.c.Obtain(ctx, key, l.ttl, &redislock.Options{RetryStrategy: l.strategy()})
	if err != nil {
		return nil, err
	}
	return lock, nil
}

// Try obtains once: redislock has no strategy by default.
func (l *redislockLocker) Try(ctx context.Context, key string) (Lock, error) {
	lock, err := l.c.Obtain(ctx, key, l.ttl, nil)
	if err != nil {
		return nil, err
	}
	return lock, nil
}

// Close closes the client, all that there is.
func (l *redislockLocker) Close() error { return l.clients.Close() }
