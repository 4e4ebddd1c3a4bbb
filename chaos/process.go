package chaos

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// StartProcesses starts n redis-server processes, of version 6.2 or later, that listen
// on Unix sockets alone, each behind a proxy. They are children that end with this
// process (on Linux, however it ends). Close the cluster.
//
// What they are told they have written to their append-only files before they answer,
// so that it outlives their being killed. Loading is the proxy's answer: no server can
// be kept in it. Clock jumps move keys, not TIME or the uptime in INFO.
func StartProcesses(n int, o ClusterOptions) (*Cluster, error) {
	program, err := exec.LookPath("redis-server")
	if err != nil {
		return nil, fmt.Errorf("chaos: redis-server is not installed (apt-get install redis-server): %w", err)
	}
	// Sockets have a place of their own: their paths must be short.
	temporary, err := os.MkdirTemp("", "distlock-")
	if err != nil {
		return nil, err
	}
	data := o.Dir
	if data == "" {
		data = temporary
	}
	return startCluster(n, o, func(i int) (backend, error) {
		return newProcess(program, filepath.Join(data, fmt.Sprintf("node-%d", i)), filepath.Join(temporary, fmt.Sprintf("%d.sock", i)))
	}, func() error { return removeAll(temporary) })
}

// Processes is StartProcesses for a test, at whose end the nodes end. Where no
// redis-server is installed it skips the test; with DISTLOCK_REDIS=require in the
// environment it fails it.
func Processes(tb testing.TB, n int) *Cluster {
	tb.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		if os.Getenv("DISTLOCK_REDIS") == "require" {
			tb.Fatal("redis-server is not installed, and DISTLOCK_REDIS=require")
		}
		tb.Skip("needs real Redis servers: install redis-server (apt-get install redis-server), then go test ./...")
	}
	return forTest(tb, n, StartProcesses)
}

// A process is a redis-server that can be killed, stopped, and brought back.
type process struct {
	program, dir, socket string

	mu     sync.Mutex // guards what follows; short
	client *redis.Client
	run    *serverRun // nil before the first
}

// A serverRun is a process from its start to its end.
type serverRun struct {
	cmd   *exec.Cmd
	ended chan struct{} // closed when it is reaped
}

// newProcess empties dir, where the process will keep its data.
func newProcess(program, dir, socket string) (*process, error) {
	p := &process{program: program, dir: dir, socket: socket}
	if err := removeAll(dir); err != nil {
		return nil, err
	}
	return p, os.MkdirAll(dir, 0o700)
}

func (p *process) data() string  { return filepath.Join(p.dir, "data") }
func (p *process) older() string { return filepath.Join(p.dir, "older") }
func (p *process) log() string   { return filepath.Join(p.dir, "redis.log") }

func (p *process) dial(ctx context.Context) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "unix", p.socket)
}

func (p *process) admin() *redis.Client {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.client
}

func (p *process) current() (*serverRun, *redis.Client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.run, p.client
}

// The administrator is a user of the server's own, whom no fault of the default user's
// concerns.
const adminUser, adminPassword = "chaos", "chaos"

func (p *process) args() []string {
	return []string{
		"--port", "0", "--unixsocket", p.socket, "--unixsocketperm", "700", "--tcp-backlog", "4096",
		"--dir", p.data(), "--logfile", "", "--loglevel", "warning", "--daemonize", "no",
		// Written before each answer, which is enough to outlive a kill; a sync to the
		// disk would only matter to a machine that loses its power.
		"--appendonly", "yes", "--appendfsync", "no", "--auto-aof-rewrite-min-size", "16mb",
		// A directory has the snapshot's name, so that none succeeds: see HasMisconf.
		"--save", "", "--dbfilename", snapshotName,
		"--user", adminUser, "on", ">" + adminPassword, "allkeys", "allchannels", "allcommands",
	}
}

const snapshotName = "snapshot"

func (p *process) start(ctx context.Context, with Memory) error {
	if err := p.recall(with); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(p.data(), snapshotName), 0o700); err != nil {
		return err
	}
	log, err := os.Create(p.log())
	if err != nil {
		return err
	}
	defer log.Close()
	r := &serverRun{cmd: exec.Command(p.program, p.args()...), ended: make(chan struct{})}
	r.cmd.SysProcAttr = endWithParent()
	r.cmd.Stdout, r.cmd.Stderr = log, log
	started := make(chan error, 1)
	go r.reap(started) // ends with the process, which crash waits for
	if err := <-started; err != nil {
		return err
	}
	client := redis.NewClient(adminOptions(&redis.Options{
		Network: "unix", Addr: p.socket, Username: adminUser, Password: adminPassword,
	}))
	p.mu.Lock()
	p.run, p.client = r, client
	p.mu.Unlock()
	if err := p.awaitAnswer(ctx, r, client); err != nil {
		said, _ := os.ReadFile(p.log())
		said = said[max(0, len(said)-1000):]
		return errors.Join(fmt.Errorf("%w: %s", err, bytes.TrimSpace(said)), p.crash(ctx))
	}
	return nil
}

// reap starts the process, and waits for its end. It keeps a thread, because the
// kernel ends the process with the thread that started it.
func (r *serverRun) reap(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(r.ended)
	err := r.cmd.Start()
	started <- err
	if err == nil {
		_ = r.cmd.Wait() // killed, as a rule
	}
}

func (p *process) awaitAnswer(ctx context.Context, r *serverRun, client *redis.Client) error {
	for {
		if _, err := os.Stat(p.socket); err == nil {
			if err := client.Ping(ctx).Err(); err == nil {
				return nil
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.ended:
			return errors.New("redis-server ended as soon as it was started")
		case <-time.After(2 * time.Millisecond):
		}
	}
}

// crash kills the process and waits until it is gone, and its socket with it.
func (p *process) crash(context.Context) error {
	r, client := p.current()
	if r == nil {
		return nil
	}
	_ = client.Close()
	_ = r.cmd.Process.Kill() // or it has ended
	<-r.ended
	if err := os.Remove(p.socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (p *process) gone() bool {
	r, _ := p.current()
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}

func (p *process) freeze(on bool) error {
	r, _ := p.current()
	return stopProcess(r.cmd.Process, on)
}

func (p *process) jump(ctx context.Context, by time.Duration) error {
	return jumpKeys(ctx, p.admin(), by, "", 16)
}

func (p *process) setClock()           {}
func (p *process) permits([]any) error { return nil }

func (p *process) close(ctx context.Context) error { return p.crash(ctx) }
