// Package redistest gives tests real redis-server processes that they can freeze,
// kill and bring back, and a TCP proxy that spoils what passes through it.
//
// A test that asks for a server where none is installed is skipped, and says how
// to run it; with DISTLOCK_REDIS=require in the environment, as in .ci/run, it
// fails. Servers listen on free ports of 127.0.0.1, are children of the test and
// are killed when it ends.
package redistest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// A Server is a redis-server process.
type Server struct {
	tb   testing.TB
	dir  string
	port int
	args []string

	first []string // before all other arguments: the place of a configuration file

	mu  sync.Mutex
	cmd *exec.Cmd
}

// Require skips the test where no redis-server is installed, or fails it where one
// is required.
func Require(tb testing.TB) {
	tb.Helper()
	if _, err := exec.LookPath("redis-server"); err == nil {
		return
	}
	if os.Getenv("DISTLOCK_REDIS") == "require" {
		tb.Fatal("redis-server is not installed, and DISTLOCK_REDIS=require")
	}
	tb.Skip("needs real Redis servers: install redis-server (apt-get install redis-server), then go test ./...")
}

// Start starts a server without persistence, with args besides.
func Start(tb testing.TB, args ...string) *Server {
	tb.Helper()
	return start(tb, nil, args)
}

func start(tb testing.TB, first, args []string) *Server {
	tb.Helper()
	Require(tb)
	s := &Server{tb: tb, dir: tb.TempDir(), first: first, args: args}
	tb.Cleanup(s.Kill)
	for range 20 { // another process may take the free port first
		s.port = freePort(tb)
		if s.launch() {
			return s
		}
	}
	tb.Fatal("no redis-server would start")
	return nil
}

// StartN starts n servers at once.
func StartN(tb testing.TB, n int, args ...string) []*Server {
	tb.Helper()
	servers := make([]*Server, n)
	for i := range servers {
		servers[i] = Start(tb, args...)
	}
	return servers
}

func freePort(tb testing.TB) int {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// StartSentinel starts a Sentinel with the given file of its own, which it writes to.
func StartSentinel(tb testing.TB, config string) *Server {
	tb.Helper()
	return start(tb, []string{config}, []string{"--sentinel"})
}

// launch starts the process and waits until it answers; false where it ended.
func (s *Server) launch() bool {
	args := slices.Concat(s.first, []string{
		"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--dir", s.dir,
		"--save", "", "--appendonly", "no", "--loglevel", "warning", "--daemonize", "no",
	}, s.args)
	cmd := exec.Command("redis-server", args...)
	cmd.SysProcAttr = endWithParent()
	require.NoError(s.tb, cmd.Start())
	ended := make(chan struct{})
	go func() { // ends with the process, which Kill ends at the latest
		_ = cmd.Wait()
		close(ended)
	}()
	s.mu.Lock()
	s.cmd = cmd
	s.mu.Unlock()
	deadline := time.Now().Add(20 * time.Second)
	for time.Now().Before(deadline) {
		if s.answers() {
			return true
		}
		select {
		case <-ended:
			return false
		case <-time.After(5 * time.Millisecond):
		}
	}
	s.tb.Fatalf("redis-server on port %d does not answer", s.port)
	return false
}

// answers reports whether the server speaks Redis, even if only to refuse.
func (s *Server) answers() bool {
	conn, err := net.DialTimeout("tcp", s.Addr(), time.Second)
	if err != nil {
		return false
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Second))
	if _, err := conn.Write([]byte("PING\r\n")); err != nil {
		return false
	}
	answer := make([]byte, 1)
	n, _ := conn.Read(answer)
	return n == 1 && (answer[0] == '+' || answer[0] == '-')
}

// Addr returns host:port.
func (s *Server) Addr() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// Client returns a client in go-redis's default settings, closed with the test.
func (s *Server) Client() *redis.Client { return NewClient(s.tb, s.Addr()) }

// Do runs a command and requires that it succeeds; a missing key is nil.
func (s *Server) Do(args ...any) any {
	s.tb.Helper()
	c := redis.NewClient(&redis.Options{Addr: s.Addr()})
	defer c.Close()
	v, err := c.Do(context.Background(), args...).Result()
	if errors.Is(err, redis.Nil) {
		return nil
	}
	require.NoError(s.tb, err)
	return v
}

// Try runs a command that may fail.
func (s *Server) Try(args ...any) error {
	c := redis.NewClient(&redis.Options{Addr: s.Addr()})
	defer c.Close()
	return c.Do(context.Background(), args...).Err()
}

// Await waits until the condition holds.
func (s *Server) Await(condition func() bool) {
	s.tb.Helper()
	require.Eventually(s.tb, condition, 20*time.Second, 5*time.Millisecond)
}

func (s *Server) signal(sig os.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cmd != nil {
		_ = s.cmd.Process.Signal(sig)
	}
}

// Freeze stops the process: its sockets accept, and nothing answers.
func (s *Server) Freeze() { s.signal(stopSignal) }

// Thaw lets a frozen process go on.
func (s *Server) Thaw() { s.signal(continueSignal) }

// Kill ends the process at once. It is not an error where it has ended.
func (s *Server) Kill() {
	s.signal(os.Kill)
	for s.answers() { // the port is free once the process is gone
		time.Sleep(time.Millisecond)
	}
}

// Restart starts the process again on its port: empty, unless args given at Start
// made it keep its data.
func (s *Server) Restart() {
	s.tb.Helper()
	for range 100 {
		if s.launch() {
			return
		}
		time.Sleep(10 * time.Millisecond) // its port is not free yet
	}
	s.tb.Fatalf("redis-server on port %d does not start again", s.port)
}

// Clients returns a default client for each server.
func Clients(servers []*Server) []redis.UniversalClient {
	clients := make([]redis.UniversalClient, len(servers))
	for i, s := range servers {
		clients[i] = s.Client()
	}
	return clients
}
