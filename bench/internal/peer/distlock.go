package peer

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/redlock"
	"github.com/lilith/distlock/single"
)

// Distlock is the library as a user gets it, with fencing tokens.
var Distlock = library("distlock", "this library, with fencing tokens", distlock.Config{})

// DistlockUnfenced is the library without fencing tokens, as the peers have none.
var DistlockUnfenced = library("distlock, no fencing", "this library with Config.NoFencing", distlock.Config{NoFencing: true})

func library(name, about string, cfg distlock.Config) Contestant {
	return Contestant{
		Name: name, About: about,
		Sends: []string{"evalsha", "eval", "subscribe", "unsubscribe", "ssubscribe", "sunsubscribe"},
		Open: each(func(s Settings) (Locker, error) {
			cfg := cfg // Open may be called for several workloads at once
			cfg.TTL, cfg.MaxRetries = s.TTL, distlock.RetryForever
			clients := newPool(s)
			l, err := newLibrary(clients, cfg)
			if err != nil {
				return nil, errors.Join(err, clients.Close())
			}
			return &libraryLocker{l, clients}, nil
		}),
	}
}

func newLibrary(clients pool, cfg distlock.Config) (*distlock.Locker, error) {
	if len(clients) == 1 {
		return single.New(clients[0], cfg)
	}
	nodes := make([]redis.UniversalClient, len(clients))
	for i, c := range clients {
		nodes[i] = c
	}
	return redlock.New(nodes, cfg)
}

type libraryLocker struct {
	l       *distlock.Locker
	clients pool
}

// Acquire retries until it has the lock or ctx ends.
func (l *libraryLocker) Acquire(ctx context.Context, key string) (Lock, error) {
	h, err := l.l.Acquire(ctx, key)
	if err != nil {
		return nil, err
	}
	return h, nil
}

// Try makes one attempt.
func (l *libraryLocker) Try(ctx context.Context, key string) (Lock, error) {
	h, err := l.l.TryAcquire(ctx, key)
	if err != nil {
		return nil, err
	}
	return h, nil
}

// Close closes the library first: it may owe the servers something.
func (l *libraryLocker) Close() error { return errors.Join(l.l.Close(), l.clients.Close()) }
