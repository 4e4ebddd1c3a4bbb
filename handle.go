package distlock

import (
	"context"
	"sync"
	"time"

	"github.com/lilith/distlock/internal/clock"
)

// A Handle is one lease: it is acquired once, may be extended, and ends by
// release or by loss, for good. All methods are safe for concurrent use.
type Handle struct {
	l          *Locker
	key, wire  string
	token      string
	fencing    int64
	ttl        time.Duration
	acquiredAt time.Time
	inARow     int // hand-overs, without a release between them, that led to it

	// mu guards what follows. It is never held across a request or a hook.
	mu         sync.Mutex
	until      clock.Instant
	validUntil time.Time // until, for people
	extensions int
	longest    time.Duration // TTL that was sent to a node
	err        error         // nil while held; set once
	done       chan struct{} // made when first asked for
	watch      *time.Timer   // runs expire; made with the first watcher
	watchers   map[*watcher]struct{}
	renewal    *time.Timer // runs renew; nil without auto-extension
	renewAt    clock.Instant
	renewing   bool // renew runs, or is to run no more
	extending  int  // Extend requests at the store
	drained    chan struct{}
	released   releaseState
	releaseRun chan struct{} // made by who waits for a run of Release
}

type releaseState uint8

const (
	notReleased   releaseState = iota
	releasing                  // a Release is at the store
	releaseFailed              // no majority answered: to be tried again
	releaseDone
)

// A watcher is a function to be called once, when the lease ends. It is called with
// the handle locked: a context's cancel function, or as harmless.
type watcher struct{ ended func(cause error) }

// Info describes a lease.
type Info struct {
	Key, Token   string // Key as the caller wrote it, without the prefix
	FencingToken int64
	TTL          time.Duration // of the acquisition
	AcquiredAt   time.Time     // when the first request of the attempt was sent
	ValidUntil   time.Time
	Extensions   int // that succeeded, automatic ones included
}

// Key returns the key as the caller wrote it, without the prefix.
func (h *Handle) Key() string { return h.key }

// Token returns the value that the nodes hold: unique to this acquisition.
func (h *Handle) Token() string { return h.token }

// FencingToken returns a number that is larger than that of every earlier holder
// of this key, to be checked by the resource that the lock guards: it must refuse
// a request whose token is smaller than one that it has seen. Below 2^53; 0 only
// with Config.NoFencing.
func (h *Handle) FencingToken() int64 { return h.fencing }

// ValidUntil returns when the lease ends for its holder unless it is extended:
// before the key's expiry on a majority of the nodes, by the drift allowed for. It is
// for people: after a suspend of the machine time.Now falls behind it, and IsHeld,
// Done and Context do not.
func (h *Handle) ValidUntil() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.validUntil
}

// Info returns a description of the lease as it stands.
func (h *Handle) Info() Info {
	h.mu.Lock()
	defer h.mu.Unlock()
	return Info{
		Key: h.key, Token: h.token, FencingToken: h.fencing, TTL: h.ttl,
		AcquiredAt: h.acquiredAt, ValidUntil: h.validUntil, Extensions: h.extensions,
	}
}

// IsHeld reports whether the lease is held by the holder's own clock. It asks no
// node: a key deleted by hand shows at the next extension.
func (h *Handle) IsHeld() bool { return h.Err() == nil }

// Err returns nil while the lease is held, then an error that is [ErrLost] or
// [ErrReleased], and always the same.
func (h *Handle) Err() error {
	h.mu.Lock()
	lost := h.expireLocked()
	err := h.err
	h.mu.Unlock()
	lost.announce()
	return err
}

// Done returns a channel that is closed when the lease ends: released, lost, or
// at ValidUntil by the local clock or up to 3 ms before, whatever any request is doing. After a
// suspend of the machine it is closed within a second of waking, while IsHeld is
// right at once.
func (h *Handle) Done() <-chan struct{} {
	h.mu.Lock()
	lost := h.expireLocked()
	if h.done == nil {
		h.done = make(chan struct{})
		if h.err != nil {
			close(h.done)
		}
	}
	h.watchLocked()
	done := h.done
	h.mu.Unlock()
	lost.announce()
	return done
}

// Context returns a context that ends with parent and when the lease ends, as Done
// is closed; context.Cause then is an error that is [ErrLost] or [ErrReleased] by
// errors.Is. Calling the function returned frees the context's resources; it does not
// release the lock.
func (h *Handle) Context(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(parent)
	forget := h.onEnd(cancel)
	return ctx, func() {
		forget()
		cancel(context.Canceled)
	}
}

// onEnd has f called once with the lease's error when it ends, at once if it has
// ended. The function returned takes that back.
func (h *Handle) onEnd(f func(cause error)) (forget func()) {
	w := &watcher{ended: f}
	h.mu.Lock()
	lost := h.expireLocked()
	err := h.err
	if err == nil {
		if h.watchers == nil {
			h.watchers = make(map[*watcher]struct{}, 1)
		}
		h.watchers[w] = struct{}{}
		h.watchLocked()
	}
	h.mu.Unlock()
	lost.announce()
	if err != nil {
		f(err)
		return func() {}
	}
	return func() {
		h.mu.Lock()
		delete(h.watchers, w)
		h.mu.Unlock()
	}
}

func (h *Handle) invalid(op string, verdict error, votes []Vote) *InvalidLockError {
	return &InvalidLockError{Key: h.key, Token: h.token, Op: op, Votes: votes, verdict: verdict}
}
