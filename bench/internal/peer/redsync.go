package peer

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"time"

	"github.com/go-redsync/redsync/v4"
	"github.com/go-redsync/redsync/v4/redis"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
)

// The ways of redsync.
var (
	Redsync = redsyncWith("redsync",
		"go-redsync/redsync in its defaults: it waits for every node; retries 50 to 250 ms apart")
	RedsyncFailFast = redsyncWith("redsync FailFast",
		"redsync that goes on at a majority; a late SET of it may land after its DEL and leave a key behind",
		redsync.WithFailFast(true))
	RedsyncEager = redsyncWith("redsync 1–5 ms",
		"redsync with retries 1 to 5 ms apart",
		redsync.WithRetryDelayFunc(func(int) time.Duration {
			return time.Millisecond + rand.N(4*time.Millisecond)
		}))
)

func redsyncWith(name, about string, options ...redsync.Option) Contestant {
	return Contestant{
		Name: name, About: about, Sends: []string{"set", "evalsha", "eval"},
		Open: each(func(s Settings) (Locker, error) {
			clients := newPool(s)
			pools := make([]redis.Pool, len(clients))
			for i, c := range clients {
				pools[i] = goredis.NewPool(c)
			}
			all := append([]redsync.Option{redsync.WithExpiry(s.TTL), redsync.WithTries(math.MaxInt32)}, options...)
			return &redsyncLocker{redsync.New(pools...), clients, all}, nil
		}),
	}
}

type redsyncLocker struct {
	r       *redsync.Redsync
	clients pool
	options []redsync.Option
}

// Acquire makes a Mutex for each lock, as redsync means it.
func (l *redsyncLocker) Acquire(ctx context.Context, key string) (Lock, error) {
	m := l.r.NewMutex(key, l.options...)
	if err := m.LockContext(ctx); err != nil {
		return nil, err
	}
	return redsyncLock{m}, nil
}

// Try makes a Mutex for each attempt.
func (l *redsyncLocker) Try(ctx context.Context, key string) (Lock, error) {
	m := l.r.NewMutex(key, l.options...)
	if err := m.TryLockContext(ctx); err != nil {
		return nil, err
	}
	return redsyncLock{m}, nil
}

// Close closes the clients; redsync runs nothing.
func (l *redsyncLocker) Close() error { return l.clients.Close() }

type redsyncLock struct{ m *redsync.Mutex }

// Release is content where a majority has confirmed.
func (l redsyncLock) Release(ctx context.Context) error {
	ok, err := l.m.UnlockContext(ctx)
	if !ok && err == nil {
		err = errors.New("redsync: not unlocked on a majority")
	}
	if ok {
		return nil // a majority has confirmed, whatever the others said
	}
	return err
}
