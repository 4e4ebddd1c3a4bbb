package server

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/redis/go-redis/v9"
)

// Options say what a server is like. The zero value keeps nothing on disk.
type Options struct {
	// FsyncAlways has each write reach the disk before it is answered.
	FsyncAlways bool
}

func (o Options) args() []string {
	args := []string{"--save", ""}
	if o.FsyncAlways {
		return append(args, "--appendonly", "yes", "--appendfsync", "always")
	}
	return append(args, "--appendonly", "no")
}

// patience is how long a server may take to start, or to answer again.
const patience = 30 * time.Second

// ErrMissing is what Start says where there is no redis-server.
var ErrMissing = errors.New("redis-server is not installed: apt-get install redis-server, or brew install redis")

// A Server is a redis-server process on a free port of 127.0.0.1, a child of this
// one that ends with it. Its methods are not safe for concurrent use.
type Server struct {
	program, dir string
	port         int
	options      Options
	admin        *redis.Client

	cmd   *exec.Cmd
	ended chan struct{} // closed when the process is reaped
}

// Start starts a server and waits until it answers.
func Start(o Options) (*Server, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, ErrMissing
	}
	dir, err := os.MkdirTemp("", "distlock-bench-")
	if err != nil {
		return nil, err
	}
	s := &Server{program: program, dir: dir, options: o}
	for range 20 { // another process may take the free port first
		if s.port, err = freePort(); err != nil {
			break
		}
		if err = s.launch(); err == nil {
			s.admin = redis.NewClient(&redis.Options{Addr: s.Addr(), PoolSize: 2})
			return s, nil
		}
	}
	return nil, errors.Join(err, os.RemoveAll(dir))
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// launch starts the process and waits until it answers.
func (s *Server) launch() error {
	cmd := exec.Command(s.program, append([]string{
		"--port", strconv.Itoa(s.port), "--bind", "127.0.0.1", "--dir", s.dir,
		"--loglevel", "warning", "--daemonize", "no", "--maxclients", "20000", "--tcp-backlog", "4096",
	}, s.options.args()...)...)
	cmd.SysProcAttr = childOf()
	if err := cmd.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() { // ends with the process, for which Kill waits
		_ = cmd.Wait()
		close(ended)
	}()
	s.cmd, s.ended = cmd, ended
	if err := s.await(); err != nil {
		s.Kill()
		return err
	}
	return nil
}

// await waits until the server answers.
func (s *Server) await() error {
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		if s.answers() {
			return nil
		}
		select {
		case <-s.ended:
			return fmt.Errorf("redis-server on port %d ended", s.port)
		case <-time.After(2 * time.Millisecond):
		}
	}
	return fmt.Errorf("redis-server on port %d does not answer within %v", s.port, patience)
}

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
	answer := make([]byte, 5)
	n, _ := conn.Read(answer)
	return n == 5 && string(answer) == "+PONG"
}

// Addr returns host:port.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Clear forgets all keys, and keeps the scripts.
func (s *Server) Clear(ctx context.Context) error { return s.admin.FlushAll(ctx).Err() }

// Freeze stops the process: its sockets accept, and nothing answers.
func (s *Server) Freeze() error { return s.cmd.Process.Signal(stopSignal) }

// Thaw lets a frozen process go on, and waits until it has caught up.
func (s *Server) Thaw() error {
	if err := s.cmd.Process.Signal(continueSignal); err != nil {
		return err
	}
	return s.await()
}

// Kill ends the process at once. It is no error where it has ended.
func (s *Server) Kill() {
	if s.cmd != nil {
		_ = s.cmd.Process.Kill()
		<-s.ended
	}
}

// Restart starts a killed server again on its port. It has forgotten everything
// that it did not keep on disk.
func (s *Server) Restart() error {
	var err error
	for range 100 {
		if err = s.launch(); err == nil {
			return nil
		}
		time.Sleep(10 * time.Millisecond) // its port is not free yet
	}
	return err
}

// Close ends the process and removes what it kept.
func (s *Server) Close() error {
	err := s.admin.Close()
	s.Kill()
	return errors.Join(err, os.RemoveAll(s.dir))
}

// Version returns the version that redis-server tells, "" where it is missing.
func Version() string {
	out, err := exec.Command("redis-server", "--version").Output()
	if err != nil {
		return ""
	}
	var version string
	if _, err := fmt.Sscanf(string(out), "Redis server v=%s", &version); err != nil {
		return string(out)
	}
	return version
}
