package chaos

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"time"
)

// A processClient is a client that is a process: paused by SIGSTOP, killed by SIGKILL.
// It implements [Client].
type processClient struct {
	shared *sharedState
	index  int
	urls   []string
	ca     []byte

	mu   sync.Mutex
	life *processLife // the present one
	next int          // how many lives there have been
}

// A processLife is one process.
type processLife struct {
	shared *sharedState
	habits habits
	cmd    *exec.Cmd
	ended  chan struct{} // closed when it is gone, and all that it said is recorded
	ops    pending
	lists  lists // read from the unfenced resource

	mu     sync.Mutex
	in     io.WriteCloser // its standard input
	killed bool           // or told to stop: it ends as it should
	paused bool
}

// stopWithin is how long a worker may take to end in good order: to release what it
// holds, and to close its Locker.
const stopWithin = 20 * time.Second

func (c *processClient) start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	program, err := os.Executable()
	if err != nil {
		return err
	}
	l := &processLife{shared: c.shared, habits: c.shared.habitsOf(c.index, c.next), ended: make(chan struct{})}
	l.cmd = exec.Command(program)
	l.cmd.Env = append(os.Environ(), workerVariable+"=1")
	l.cmd.Stderr = os.Stderr
	l.cmd.SysProcAttr = endWithParent()
	if l.in, err = l.cmd.StdinPipe(); err != nil {
		return err
	}
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		return err
	}
	started := make(chan error, 1)
	go l.run(out, started) // ends with the process, which crash and stop wait for
	if err := <-started; err != nil {
		return err
	}
	order := workerOrder{
		Habits: l.habits, Settings: settingsOf(l.habits.Config), URLs: c.urls, CA: c.ca,
		Began: began(c.shared.recorder),
	}
	if err := json.NewEncoder(l.in).Encode(order); err != nil {
		return errors.Join(fmt.Errorf("chaos: no worker: does the program call chaos.Worker first? %w", err), l.kill())
	}
	c.next++
	c.life = l
	return nil
}

// began returns the machine's time at the beginning of a history. The two clocks are read
// one after the other, on a busy machine with a millisecond in between, and one process
// hands a lock to the next in less: of some readings the tightest counts.
func began(r *Recorder) time.Duration {
	var best time.Duration
	tightest := time.Duration(math.MaxInt64)
	for range 100 {
		before := r.Now()
		machine := machineTime()
		if gap := r.Now() - before; gap < tightest {
			tightest, best = gap, machine-before-gap/2
		}
	}
	return best
}

// run sees the process from its start to its end. It keeps a thread, because the kernel
// ends the process with the thread that started it.
func (l *processLife) run(out io.Reader, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer close(l.ended)
	err := l.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	lines := json.NewDecoder(out)
	var bad error
	for bad == nil {
		var line workerLine
		if bad = lines.Decode(&line); bad == nil {
			l.take(line)
		}
	}
	err = l.cmd.Wait()
	now := l.shared.recorder.Now()
	for _, o := range l.ops.list() {
		o.End, o.Outcome, o.Err = now, Unknown, "the client was killed"
		l.shared.recorder.Op(o)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.killed {
		l.shared.recorder.Op(Op{
			Client: l.habits.Name, Kind: OpRelease, Start: now, End: now, Outcome: Failed,
			Err: fmt.Sprintf("its process ended by itself: %v, having said %v", err, bad),
		})
	}
}

// take does what a line of the worker's says.
func (l *processLife) take(line workerLine) {
	switch {
	case line.Begin != nil:
		if l.ops.begin(*line.Begin) {
			standStill(func() bool { // it gets no answer meanwhile
				l.mu.Lock()
				defer l.mu.Unlock()
				return l.killed || l.paused
			})
		}
	case line.End != nil:
		l.ops.end(*line.End)
		l.shared.recorder.Op(*line.End)
	default:
		l.tell(l.answer(line))
	}
}

func (l *processLife) answer(line workerLine) (r workerReply) {
	r.Worker = line.Worker
	switch line.Ask {
	case "open":
		r.Value, r.OK = l.shared.register.Open(line.Key, line.Owner, line.Fencing)
	case "write":
		r.OK = l.shared.register.Write(line.Key, line.Owner, line.Fencing, line.Value)
	case "read":
		l.lists.read(&l.shared.ledger, line.Worker, line.Key)
	case "put":
		l.lists.put(&l.shared.ledger, line.Worker, line.Key, line.Value)
	}
	return r
}

// tell writes a line to the worker. One that is gone reads no more, which is found out
// elsewhere. The pipe takes far more than a paused worker is ever told.
func (l *processLife) tell(r workerReply) {
	l.mu.Lock()
	defer l.mu.Unlock()
	_ = json.NewEncoder(l.in).Encode(r)
}

// kill ends the process and waits until all that it said is recorded.
func (l *processLife) kill() error {
	l.mu.Lock()
	l.killed = true
	l.mu.Unlock()
	err := l.cmd.Process.Kill()
	<-l.ended
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// pause stops the process, or lets it go on.
func (l *processLife) pause(on bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if err := stopProcess(l.cmd.Process, on); err != nil {
		return err
	}
	l.paused = on
	return nil
}

func (c *processClient) now() *processLife {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.life
}

// stop ends the worker in good order. One that does not end is killed, which is the
// error.
func (c *processClient) stop() error {
	l := c.now()
	if l == nil {
		return nil
	}
	l.mu.Lock()
	l.killed = true
	l.mu.Unlock()
	l.tell(workerReply{Stop: true})
	timer := time.NewTimer(stopWithin)
	defer timer.Stop()
	select {
	case <-l.ended:
		return nil
	case <-timer.C:
		return errors.Join(fmt.Errorf("chaos: %s did not end within %v", l.habits.Name, stopWithin), l.kill())
	}
}

func (c *processClient) relock(keys []string) { c.now().tell(workerReply{Keys: keys}) }

// Name implements [Client].
func (c *processClient) Name() string { return c.now().habits.Name }

// Pause implements [Client].
func (c *processClient) Pause(context.Context) error { return c.now().pause(true) }

// Resume implements [Client].
func (c *processClient) Resume(context.Context) error { return c.now().pause(false) }

// Crash implements [Client].
func (c *processClient) Crash(context.Context) error { return c.now().kill() }

// Start implements [Client].
func (c *processClient) Start(context.Context) error { return c.start() }

// Await returns when the client begins an operation of a kind, or when ctx ends.
func (c *processClient) Await(ctx context.Context, kind OpKind) error {
	return c.now().ops.await(ctx, kind)
}
