package chaos

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// A backend is what stands behind a node's proxy. Its methods are called one at a
// time, but for dial and admin.
type backend interface {
	dial(ctx context.Context) (net.Conn, error)
	admin() *redis.Client // straight to the server, until it crashes or closes

	crash(ctx context.Context) error
	start(ctx context.Context, with Memory) error // begins a server, too, that never ran
	remember(ctx context.Context) error
	jump(ctx context.Context, by time.Duration) error
	setClock()                // right again; keys stay as they are
	permits(args []any) error // a command of a user's
	close(ctx context.Context) error

	// suffer brings the condition about, after whichever held. What it returns
	// answers in the server's place.
	suffer(ctx context.Context, c Condition) (instead func(string) string, err error)
}

// A freezer is a backend that can be stopped itself; before another the proxy stalls.
type freezer interface{ freeze(on bool) error }

// A mortal is a backend that may end of itself.
type mortal interface{ gone() bool }

// A node is a server and the proxy before it.
type node struct {
	name string
	p    *proxy
	s    backend
	tls  *identity // nil without TLS

	mu        sync.Mutex // held while the server's state changes, one change at a time
	dead      bool
	frozen    bool
	closed    bool
	condition Condition

	rate rate
}

var _ Node = (*node)(nil)

// newNode starts s behind a proxy of its own.
func newNode(ctx context.Context, s backend, trusted *authority) (*node, error) {
	n := &node{s: s, dead: true}
	var err error
	if trusted != nil {
		if n.tls, err = newIdentity(trusted); err != nil {
			return nil, err
		}
		n.p, err = newProxy(s.dial, n.tls.config())
	} else {
		n.p, err = newProxy(s.dial, nil)
	}
	if err != nil {
		return nil, err
	}
	n.name = n.p.addr()
	n.rate.n = n
	if err := n.Start(ctx, Kept); err != nil {
		return nil, errors.Join(err, n.close(ctx))
	}
	return n, nil
}

// Name returns host:port, as clients see it.
func (n *node) Name() string { return n.name }

func (n *node) err(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("chaos: node %s: %s: %w", n.name, what, err)
}

var (
	errDown   = errors.New("it is down")
	errFrozen = errors.New("it is frozen")
	errClosed = errors.New("it is closed")
)

// upLocked is an error where the server cannot be told anything.
func (n *node) upLocked() error {
	switch {
	case n.dead || n.goneLocked():
		return errDown
	case n.frozen:
		return errFrozen
	}
	return nil
}

// goneLocked reports whether the server has ended unasked.
func (n *node) goneLocked() bool {
	m, ok := n.s.(mortal)
	return ok && !n.dead && m.gone()
}

// Crash ends the server at once, frozen or not.
func (n *node) Crash(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.dead {
		return n.err("crash", errDown)
	}
	return n.crashLocked(ctx)
}

func (n *node) crashLocked(ctx context.Context) error {
	n.p.setDown(true)
	if err := n.s.crash(ctx); err != nil {
		n.p.setDown(false)
		return n.err("crash", err)
	}
	n.dead, n.frozen = true, false
	n.p.stall(false)
	return nil
}

// Start starts the server again, in the condition that it was last to suffer. It is
// nil where the server runs.
func (n *node) Start(ctx context.Context, with Memory) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.closed:
		return n.err("start", errClosed)
	case n.goneLocked():
		if err := n.crashLocked(ctx); err != nil {
			return err
		}
	case !n.dead:
		return nil
	}
	if err := n.s.start(ctx, with); err != nil {
		return n.err("start", err)
	}
	n.dead = false
	if err := n.sufferLocked(ctx, n.condition); err != nil {
		n.dead = true
		return n.err("start", errors.Join(err, n.s.crash(ctx)))
	}
	n.p.setDown(false)
	return nil
}

// Remember marks what a Start with Older goes back to.
func (n *node) Remember(ctx context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.upLocked(); err != nil {
		return n.err("remember", err)
	}
	return n.err("remember", n.s.remember(ctx))
}

// Freeze stops the server: connections stay, also to be made, and what is sent waits.
func (n *node) Freeze(context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.dead {
		return n.err("freeze", errDown)
	}
	if n.frozen {
		return nil
	}
	return n.err("freeze", n.freezeLocked(true))
}

// Thaw lets the server go on with what was sent to it meanwhile. It is nil where the
// server is not frozen.
func (n *node) Thaw(context.Context) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.frozen {
		return nil
	}
	return n.err("thaw", n.freezeLocked(false))
}

func (n *node) freezeLocked(on bool) error {
	if f, ok := n.s.(freezer); !ok {
		n.p.stall(on)
	} else if err := f.freeze(on); err != nil {
		return err
	}
	n.frozen = on
	return nil
}

// Trouble replaces the network's trouble.
func (n *node) Trouble(_ context.Context, t Trouble) error {
	n.p.setTrouble(t)
	return nil
}

// JumpClock takes the jump off what every key has to live, or adds it.
func (n *node) JumpClock(ctx context.Context, by time.Duration) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err := n.upLocked(); err != nil {
		return n.err("jump clock", err)
	}
	return n.err("jump clock", n.s.jump(ctx, by))
}

// Do sends the server a command past the proxy. The answer to a key that is missing
// is nil.
func (n *node) Do(ctx context.Context, args ...any) (any, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	err := n.upLocked()
	if err == nil {
		err = n.s.permits(args)
	}
	if err != nil {
		return nil, n.err("do", err)
	}
	v, err := n.s.admin().Do(ctx, args...).Result()
	if errors.Is(err, redis.Nil) {
		return nil, nil
	}
	return v, n.err("do", err)
}

func (n *node) close(ctx context.Context) error {
	n.rate.set(1)
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil
	}
	n.p.close()
	n.dead, n.closed = true, true
	return n.err("close", n.s.close(ctx))
}
