package peer

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// A Locker locks on the servers that it was opened on. Its methods are safe for
// concurrent use.
type Locker interface {
	// Acquire waits for the lock in the contestant's own way. Floors that have none
	// make one attempt.
	Acquire(ctx context.Context, key string) (Lock, error)

	// Try makes one attempt, and fails where another holds the key.
	Try(ctx context.Context, key string) (Lock, error)

	// Close ends what the Locker runs, and its clients.
	Close() error
}

// A Lock is held until it is released.
type Lock interface {
	Release(ctx context.Context) error
}

// Settings are the same for all contestants of a workload.
type Settings struct {
	Addrs []string      // of the independent masters
	TTL   time.Duration // of each lease

	// SocketTimeout is for go-redis clients; 0 leaves them their default.
	SocketTimeout time.Duration
}

// A Contestant is a way to lock.
type Contestant struct {
	Name  string
	About string // one sentence: what it does, and what to know when comparing

	// Sends lists, in lower case, the commands that count as its requests. Commands
	// within scripts are counted by Redis too, so one that is both sent and used in
	// a script cannot be listed.
	Sends []string

	// Open returns n Lockers, each with clients of its own, as n processes would
	// have.
	Open func(s Settings, n int) ([]Locker, error)
}

// errHeld is what floors say of a key that another holds.
var errHeld = errors.New("held by another")

// each opens n Lockers by open, and closes those opened where one fails.
func each(open func(s Settings) (Locker, error)) func(Settings, int) ([]Locker, error) {
	return func(s Settings, n int) ([]Locker, error) {
		lockers := make([]Locker, 0, n)
		for range n {
			l, err := open(s)
			if err != nil {
				return nil, errors.Join(err, CloseAll(lockers))
			}
			lockers = append(lockers, l)
		}
		return lockers, nil
	}
}

// CloseAll closes every Locker.
func CloseAll(lockers []Locker) error {
	var errs error
	for _, l := range lockers {
		errs = errors.Join(errs, l.Close())
	}
	return errs
}

// A pool is the clients of one Locker, in go-redis's default settings.
type pool []*redis.Client

func newPool(s Settings) pool {
	clients := make(pool, len(s.Addrs))
	for i, addr := range s.Addrs {
		clients[i] = redis.NewClient(&redis.Options{
			Addr: addr, ReadTimeout: s.SocketTimeout, WriteTimeout: s.SocketTimeout,
		})
	}
	return clients
}

// Close closes the clients.
func (p pool) Close() error {
	var errs error
	for _, c := range p {
		errs = errors.Join(errs, c.Close())
	}
	return errs
}
