package distlock

import (
	"context"
	"errors"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

// A Locker acquires locks. Make one with single.New or redlock.New. All methods
// are safe for concurrent use.
type Locker struct {
	store  Store
	cfg    Config
	trace  Trace // cfg.Trace, or no hooks
	queues queues
	closed chan struct{}
	once   sync.Once // closes closed

	// highest is the largest fencing token granted to this Locker, for any key.
	highest atomic.Int64
}

// New returns a Locker over store. It is for stores of one's own; single.New and
// redlock.New make one for Redis. A bad field of cfg is [ErrInvalidArgument].
func New(store Store, cfg Config) (*Locker, error) {
	if store == nil {
		return nil, invalid("the Store is nil")
	}
	cfg, err := cfg.Validate()
	if err != nil {
		return nil, err
	}
	l := &Locker{store: store, cfg: cfg, closed: make(chan struct{})}
	if cfg.Trace != nil {
		l.trace = *cfg.Trace
	}
	return l, nil
}

// Acquire waits for the lock on key and returns a handle to it. It makes exactly
// 1 + Config.MaxRetries attempts, unless ctx ends or the nodes reject the request for
// good. Between them it waits a random time, nominally Config.RetryDelay, doubling up
// to Config.MaxRetryDelay, and never longer than the owner's lease. ctx bounds the
// waiting alone; the handle outlives it.
//
// Waiters for one key in one Locker stand in a queue, first come, first served. The first
// in it asks the nodes for all; its attempt counts for every waiter whose next one was
// due. A Release of this Locker hands the lock on to the first in one round trip. A
// release elsewhere is announced, unless Config.NoWakeups, and ends a wait early.
//
// An attempt blocks for Config.NodeTimeout at most, twice that where the nodes' fencing
// tokens differ, and a moment for giving back what it got in vain. It fails with an
// [AcquisitionError], with [ErrInvalidArgument] for an empty key or a bad option, or with
// [ErrClosed] after Close.
func (l *Locker) Acquire(ctx context.Context, key string, opts ...Option) (*Handle, error) {
	return l.acquire(ctx, key, l.cfg.retries(), opts)
}

// TryAcquire makes one attempt and does not wait for the lock: [ErrHeld] where another
// owner has it. It stands in no queue. It is Acquire otherwise.
func (l *Locker) TryAcquire(ctx context.Context, key string, opts ...Option) (*Handle, error) {
	return l.acquire(ctx, key, 0, opts)
}

// WaitForLock retries for as long as timeout, whatever Config.MaxRetries says,
// and fails with the last verdict and [context.DeadlineExceeded] then. It is
// Acquire otherwise. timeout must be positive.
func (l *Locker) WaitForLock(ctx context.Context, key string, timeout time.Duration, opts ...Option) (*Handle, error) {
	if timeout <= 0 {
		return nil, invalid("timeout of WaitForLock is %v: it must be above 0; use TryAcquire for one attempt", timeout)
	}
	if ctx == nil {
		return nil, errNilContext
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return l.acquire(ctx, key, math.MaxInt, opts)
}

var errNilContext = invalid("the context is nil: give context.Background()")

func (l *Locker) check(ctx context.Context, key string) error {
	switch {
	case ctx == nil:
		return errNilContext
	case key == "":
		return invalid("the key is empty: name what the lock guards")
	case l.isClosed():
		return ErrClosed
	}
	return nil
}

func (l *Locker) isClosed() bool {
	select {
	case <-l.closed:
		return true
	default:
		return false
	}
}

// IsLocked reports whether some owner holds key; on a quorum, on a majority of its
// nodes. It takes one round trip, waits for no node that cannot change the
// answer, blocks for Config.NodeTimeout at most, and fails with [ErrUnavailable]
// where too few nodes answered to tell.
func (l *Locker) IsLocked(ctx context.Context, key string) (bool, error) {
	status, err := l.inspect(ctx, key, true)
	return status.Locked, err
}

// Inspect tells who holds key, and each node's view. It asks every node and
// waits for all of them, Config.NodeTimeout at most. Where too few answered it
// fails with [ErrUnavailable], and the Status has the votes all the same.
func (l *Locker) Inspect(ctx context.Context, key string) (Status, error) {
	return l.inspect(ctx, key, false)
}

func (l *Locker) inspect(ctx context.Context, key string, ownerOnly bool) (Status, error) {
	if err := l.check(ctx, key); err != nil {
		return Status{}, err
	}
	res := l.store.Inspect(ctx, Request{
		Key:         l.cfg.KeyPrefix + key,
		NodeTimeout: l.cfg.NodeTimeout,
		OwnerOnly:   ownerOnly,
		OnVote:      l.onVote(key, "", "inspect", 0),
	})
	status := Status{
		Locked:       res.Held,
		Token:        res.Owner,
		FencingToken: res.FencingToken,
		Remaining:    res.Remaining,
		Votes:        res.Votes,
	}
	if res.Verdict == Agreed {
		return status, nil
	}
	return status, &OperationError{Key: key, Op: "inspect", Votes: res.Votes, verdict: res.Verdict.err(), context: contextErrors(ctx)}
}

// Do runs fn while it holds the lock on key: it acquires as Acquire does, renews
// the lease until fn returns, releases it, and returns fn's error. The context
// that fn gets ends with ctx, and the moment the lease is lost; context.Cause
// then is an error that is [ErrLost] by errors.Is.
//
// That the lease was lost while fn ran, or that no majority confirmed the
// release, is joined to fn's error, never in its place. A panic in fn releases
// the lock and goes on panicking.
func (l *Locker) Do(ctx context.Context, key string, fn func(ctx context.Context) error, opts ...Option) (err error) {
	if fn == nil {
		return invalid("the function of Do is nil")
	}
	h, err := l.acquire(ctx, key, l.cfg.retries(), append(opts[:len(opts):len(opts)], WithAutoExtend()))
	if err != nil {
		return err
	}
	// Deferred, so that a panic and runtime.Goexit release too.
	defer func() {
		if released := h.Release(ctx); released != nil {
			err = errors.Join(err, released)
		}
	}()
	held, cancel := h.Context(ctx)
	defer cancel()
	return fn(held)
}

// Close ends background work (requests that nobody waits for any more, and the
// cleaning up behind them) within two seconds, hung nodes or not. Calling it is
// optional. Afterwards the Locker acquires nothing more, and waiters are told
// [ErrClosed], one who is being handed a lock once that has ended, within two node
// timeouts; handles stay usable, and those that renew themselves go on until they
// are released. The clients are the caller's and stay open. A second call is nil.
//
// A request that is under way cannot be called back: with a Config.NodeTimeout above
// two seconds, or a Cluster client whose nodes hang, Close may return, with an error
// that says so, before the last has ended.
func (l *Locker) Close() (err error) {
	l.once.Do(func() {
		close(l.closed)
		l.queues.wakeAll()
		err = l.store.Close()
	})
	return err
}
