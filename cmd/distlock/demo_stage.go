package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/redlock"
)

const demoNodes = 5

// A stage has the nodes of the demo and tells what happens on them. Telling is
// safe for concurrent use.
type stage struct {
	nodes  []*miniredis.Miniredis
	addrs  []string // they outlive the nodes
	opened []*connection

	mu     sync.Mutex
	out    io.Writer
	began  time.Time
	claims int
	broken []string // claims that were not so
	token  int64    // the largest fencing token that a scene has noted
}

// newStage starts the nodes.
func newStage(out io.Writer) (*stage, error) {
	s := &stage{out: out, began: time.Now()}
	for range demoNodes {
		node, err := miniredis.Run()
		if err != nil {
			s.close()
			return nil, fmt.Errorf("starting a node: %w", err)
		}
		node.ClockTTL(true) // keys expire as time passes, as in a Redis
		s.nodes = append(s.nodes, node)
		s.addrs = append(s.addrs, node.Addr())
	}
	s.tell("%d Redis nodes, independent of each other: %s", demoNodes, strings.Join(s.addrs, ", "))
	return s, nil
}

func (s *stage) close() {
	for _, conn := range s.opened {
		_ = conn.Close()
	}
	for _, node := range s.nodes {
		node.Close()
	}
}

// open returns a locker with connections of its own, as another process has them.
// A node may take long, as the demo's machine may be busy; one that is down refuses
// at once.
func (s *stage) open(cfg distlock.Config) (*distlock.Locker, error) {
	if cfg.TTL == 0 {
		cfg.TTL = 30 * time.Second
	}
	cfg.NodeTimeout = cfg.TTL / 4
	cfg.RetryDelay, cfg.MaxRetryDelay = 20*time.Millisecond, 100*time.Millisecond
	conn := &connection{}
	s.opened = append(s.opened, conn)
	for _, addr := range s.addrs {
		conn.clients = append(conn.clients, redis.NewClient(&redis.Options{Addr: addr, DialerRetries: 1}))
	}
	locker, err := redlock.New(conn.clients, cfg)
	conn.Locker = locker
	return locker, err
}

// acquire waits for a lock that some other part of the scene gives up soon.
func acquire(ctx context.Context, locker *distlock.Locker, key string, opts ...distlock.Option) (*distlock.Handle, error) {
	return locker.WaitForLock(ctx, key, 30*time.Second, opts...)
}

// everywhere waits until h has its key on every node: it was granted by a majority,
// and the others hear of it a moment later.
func (s *stage) everywhere(ctx context.Context, h *distlock.Handle) error {
	for s.holders(h.Key(), h.Token(), 0, 1, 2, 3, 4) < demoNodes {
		select {
		case <-ctx.Done():
			return fmt.Errorf("%q is not on all nodes: %w", h.Key(), ctx.Err())
		case <-time.After(time.Millisecond):
		}
	}
	return nil
}

// holders counts the nodes that are up and hold key for token.
func (s *stage) holders(key, token string, up ...int) int {
	n := 0
	for _, i := range up {
		if value, err := s.nodes[i].Get(key); err == nil && value == token {
			n++
		}
	}
	return n
}

func (s *stage) heading(n int, title string) {
	s.line("")
	s.line(fmt.Sprintf("%d. %s", n, title))
}

// tell writes what happens, with no claim attached.
func (s *stage) tell(format string, args ...any) { s.line("         " + fmt.Sprintf(format, args...)) }

// claim writes what must be so, and remembers where it is not.
func (s *stage) claim(so bool, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	mark := "  ok     "
	s.mu.Lock()
	s.claims++
	if !so {
		mark = "  FALSE  "
		s.broken = append(s.broken, text)
	}
	s.mu.Unlock()
	s.line(mark + text)
}

// claimNil claims that what the text tells succeeded.
func (s *stage) claimNil(err error, text string) {
	if err != nil {
		text += ": " + err.Error()
	}
	s.claim(err == nil, "%s", text)
}

// claimHigher claims that the lease's fencing token is larger than that of every
// lease claimed before it.
func (s *stage) claimHigher(h *distlock.Handle) {
	s.mu.Lock()
	before := s.token
	s.token = max(s.token, h.FencingToken())
	s.mu.Unlock()
	s.claim(h.FencingToken() > before, "fencing token %d is higher than every one before it", h.FencingToken())
}

func (s *stage) line(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text = strings.TrimRight(fmt.Sprintf("%7.3fs  %s", time.Since(s.began).Seconds(), text), " ")
	_, _ = fmt.Fprintln(s.out, text)
}

// verdict sums up; its error names the claims that were not so.
func (s *stage) verdict() error {
	s.line("")
	s.mu.Lock()
	claims, broken := s.claims, s.broken
	s.mu.Unlock()
	if len(broken) == 0 {
		s.line(fmt.Sprintf("All %d claims held.", claims))
		return nil
	}
	s.line(fmt.Sprintf("%d of %d claims did not hold.", len(broken), claims))
	return &exitError{exitFalse, "demo: not so: " + strings.Join(broken, "\ndemo: not so: ")}
}
