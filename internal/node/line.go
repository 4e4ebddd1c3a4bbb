package node

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// A line runs scripts over one go-redis client and bounds the time that takes.
//
// In its default settings the client ignores a context's deadline once a request
// is on the socket, waits 5 s for an answer, and then tries three times more. A
// clone made by WithTimeout shares the connections and has a socket timeout of
// its own; a command that declares NoRetry is sent once. So the caller's own
// goroutine can ask, and be back in time.
//
// A client with ContextTimeoutEnabled needs no clone, and its hooks see the
// requests: go-redis does not carry hooks over to a clone.
type line struct {
	client redis.UniversalClient
	bare   bool // of code of the user's, only handlers of push notifications and loggers see requests' contexts

	clones sync.Map               // bound -> *redis.Client
	number atomic.Int64           // of clones
	latest atomic.Pointer[cloned] // the clone used last, nearly always the only one

	routed atomic.Bool  // a Cluster has told its slots, so that routing needs no I/O
	stuck  atomic.Int64 // goroutines that a client of another kind keeps waiting
}

func (l *line) init() {
	client, ok := l.client.(*redis.Client)
	if !ok {
		return
	}
	o := client.Options()
	l.bare = !o.ContextTimeoutEnabled && o.OnConnect == nil && o.CredentialsProviderContext == nil
}

// maxStuck bounds the goroutines that a client keeps waiting; beyond, a request fails
// at once.
const maxStuck = 256

// A trip tells what may have become of a request that failed.
type trip uint8

const (
	tripOnce   trip = iota // sent, at most once
	tripUnsent             // never reached the node
	tripTwice              // a second copy was sent, as the first one's connection broke
)

// once is a command that go-redis does not send again by itself, and that knows
// whether it may have been sent at all: whether anybody has asked for its words.
type once struct {
	*redis.Cmd
	read atomic.Bool
}

// NoRetry implements redis.Cmder.
func (*once) NoRetry() bool { return true }

// Args implements redis.Cmder. go-redis asks for them when it writes the command.
func (c *once) Args() []any {
	c.read.Store(true)
	return c.Cmd.Args()
}

// run makes the request at its key's node, and puts what comes back in it. A connection
// that breaks while the answer is awaited, as one does whose node restarted since it was
// last used, is worth a second copy of the request: the scripts may be run twice.
//
// left is what the first copy has left of the timeout; again is asked before the second.
func (l *line) run(r *Request, left time.Duration, again func() bool) {
	value, sent, err := l.eval(r, &r.first, left)
	r.value, r.err, r.trip = value, err, tripOnce
	switch {
	case err == nil:
	case broken(err) && r.ctx.Err() == nil && again():
		r.value, _, r.err = l.eval(r, new(once), whatIsLeft(r.ctx, r.Call.timeout))
		r.trip = tripTwice
	case !sent:
		r.trip = tripUnsent
	}
}

// eval names the script by its hash, and sends its source where the node does not
// know it: one more round trip, after which it does. sent is false only where
// nothing can have reached the node.
func (l *line) eval(r *Request, cmd *once, timeout time.Duration) (value any, sent bool, err error) {
	value, sent, err = l.send(r.ctx, cmd, r.args, r.Call.key, timeout)
	if err != nil && redis.HasErrorPrefix(err, "NOSCRIPT") {
		source := append([]any{"eval", r.Call.script.Source}, r.args[2:]...)
		return l.send(r.ctx, new(once), source, r.Call.key, whatIsLeft(r.ctx, r.Call.timeout))
	}
	return value, sent, err
}

// send makes one request, on the caller's goroutine where the client allows. cmd is
// where it is put.
func (l *line) send(ctx context.Context, cmd *once, args []any, key string, timeout time.Duration) (value any, sent bool, err error) {
	cmd.Cmd = redis.NewCmd(ctx, args...)
	cmd.SetFirstKeyPos(3)
	ask, err := l.route(ctx, key, timeout)
	if err != nil {
		return nil, false, err
	}
	if ask == nil {
		return l.sendAside(ctx, cmd, timeout)
	}
	err = ask.Process(ctx, cmd)
	if moved(err) {
		// The Cluster has changed. Its own client follows redirections, and learns.
		return l.sendAside(ctx, &once{Cmd: redis.NewCmd(ctx, args...)}, timeout)
	}
	return cmd.Val(), cmd.read.Load(), err
}

// whatIsLeft is the socket timeout for a request of which ctx has seen the beginning:
// what a first copy has left of it, in quarters, so that clones stay few.
func whatIsLeft(ctx context.Context, timeout time.Duration) time.Duration {
	return whatIsLeftAt(ctx, time.Now(), timeout)
}

func whatIsLeftAt(ctx context.Context, now time.Time, timeout time.Duration) time.Duration {
	deadline, bounded := ctx.Deadline()
	quarter := timeout / 4
	if !bounded || quarter <= 0 {
		return timeout
	}
	quarters := (deadline.Sub(now) + quarter - 1) / quarter
	return min(max(quarters, 1)*quarter, timeout)
}

// A processor is what sends a command: any go-redis client.
type processor interface {
	Process(ctx context.Context, cmd redis.Cmder) error
}

// route returns what leads to key within timeout, or nil where the way there is
// not known without I/O, or cannot be bounded.
func (l *line) route(ctx context.Context, key string, timeout time.Duration) (processor, error) {
	switch c := l.client.(type) {
	case *redis.Client:
		return l.bounded(c, timeout), nil
	case *redis.Ring:
		if c.Options().ContextTimeoutEnabled {
			return c, nil
		}
		shard, err := c.GetShardClientForKey(key)
		if err != nil {
			return nil, err
		}
		return l.bounded(shard, timeout), nil
	case *redis.ClusterClient:
		if !l.routed.Load() {
			return nil, nil // the first request asks for the slots, aside
		}
		if c.Options().ContextTimeoutEnabled {
			return c, nil
		}
		master, err := c.MasterForKey(ctx, key)
		if err != nil {
			return nil, err
		}
		return l.bounded(master, timeout), nil
	default:
		return nil, nil
	}
}

// sendAside has a goroutine of its own make the request, and leaves it behind
// when the time is over: for clients whose waiting cannot be bounded. What it
// leaves behind ends when the client gives up; there is a limit to how many.
func (l *line) sendAside(ctx context.Context, cmd *once, timeout time.Duration) (value any, sent bool, err error) {
	if l.stuck.Add(1) > maxStuck {
		l.stuck.Add(-1)
		return nil, false, fmt.Errorf("not sent: %d requests to this node are stuck in its client", maxStuck)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	answered := make(chan error, 1)
	go func() {
		defer l.stuck.Add(-1)
		defer cancel()
		answered <- l.client.Process(ctx, cmd)
	}()
	select {
	case err := <-answered:
		cancel() // nothing depends on the caller's context any more when this returns
		if err == nil {
			l.routed.Store(true)
		}
		return cmd.Val(), cmd.read.Load(), err
	case <-ctx.Done():
		return nil, true, ctx.Err() // it may be sent yet
	}
}

// settle waits until no goroutine of sendAside is left, for the time given.
func (l *line) settle(within time.Duration) error {
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(within); l.stuck.Load() > 0; <-tick.C {
		if time.Now().After(end) {
			return fmt.Errorf("distlock: close: %d requests wait in a client that cannot be hurried; they end when it gives up", l.stuck.Load())
		}
	}
	return nil
}

// broken reports whether the connection ended while the answer was awaited.
func broken(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) ||
		errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

func moved(err error) bool {
	if err == nil {
		return false
	}
	_, isMoved := redis.IsMovedError(err)
	_, isAsk := redis.IsAskError(err)
	return isMoved || isAsk
}
