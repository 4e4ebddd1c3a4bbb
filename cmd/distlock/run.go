package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/lilith/distlock"
)

const runDescription = `The lock is renewed while the command runs, and released when it ends. The
command finds in its environment
   DISTLOCK_KEY            the key
   DISTLOCK_TOKEN          the owner's token, unique to this run
   DISTLOCK_FENCING_TOKEN  a number larger than that of every earlier holder, for
                           what the command writes to: it should refuse a smaller one

The command has the standard input and output to itself; distlock writes to the
standard error alone, and only where something is wrong. SIGINT, SIGTERM, SIGHUP,
SIGQUIT, SIGUSR1 and SIGUSR2 are passed on to it. It runs in a process group of its
own: when the lease is lost the group gets SIGTERM, and SIGKILL after the grace.
Ctrl-Z is ignored, as a stopped holder could not renew its lease.

`

func newRun(command []string) *cli.Command {
	return &cli.Command{
		Name:        "run",
		Usage:       "run a command while holding a lock",
		UsageText:   "distlock run --node URL [--node URL ...] --key KEY [options] -- COMMAND [ARG ...]",
		Description: runDescription + exitCodes,
		Flags: append(
			lockFlags(),
			&cli.DurationFlag{Name: "ttl", Value: 30 * time.Second, Usage: "length of a lease; it is renewed every third of it"},
			&cli.DurationFlag{Name: "wait", HideDefault: true, Usage: "how long to wait for a lock that is held (default: one attempt)"},
			&cli.DurationFlag{Name: "grace", Value: 10 * time.Second, Usage: "how long the command may take to end, once the lease is lost, before it is killed"},
		),
		Action: func(ctx context.Context, cmd *cli.Command) error {
			j, err := jobOf(cmd, command)
			if err != nil {
				return err
			}
			return j.run(ctx)
		},
		// The flag parser would split a password with a comma in it.
		DisableSliceFlagSeparator: true,
		OnUsageError:              onUsageError,
		HideHelpCommand:           true,
	}
}

// A job is a command to be run under a lock.
type job struct {
	*target
	wait, grace time.Duration
	command     *exec.Cmd
	stderr      io.Writer
	told        bool // of the loss of the lease
}

// jobOf reads the flags of run, and looks for the command: one that is not there
// is not worth a lock.
func jobOf(cmd *cli.Command, command []string) (*job, error) {
	t, err := targetOf(cmd)
	if err != nil {
		return nil, err
	}
	j := &job{target: t, wait: cmd.Duration("wait"), grace: cmd.Duration("grace"), stderr: cmd.Root().ErrWriter}
	t.cfg.TTL = cmd.Duration("ttl")
	switch {
	case t.cfg.TTL <= 0:
		return nil, usageError("--ttl is %v: it must be at least 10ms; leave it out for the default", t.cfg.TTL)
	case j.wait < 0:
		return nil, usageError("--wait is %v: it must not be negative; leave it out for one attempt", j.wait)
	case j.grace < 0:
		return nil, usageError("--grace is %v: it must not be negative; 0 kills at once", j.grace)
	case len(command) == 0:
		return nil, usageError("the command is missing: give it after --, as in -- ./report --full")
	}
	if _, err := t.cfg.Validate(); err != nil {
		return nil, lockError(err)
	}
	j.command = exec.Command(command[0], command[1:]...)
	j.command.Stdin, j.command.Stdout, j.command.Stderr = os.Stdin, os.Stdout, os.Stderr
	if err := j.command.Err; err != nil {
		return nil, startError(err)
	}
	return j, nil
}

// startError tells why the command could not be started.
func startError(err error) error {
	code := exitCannotRun
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		code = exitNotFound
	}
	return &exitError{code, fmt.Sprintf("cannot run the command: %v", err)}
}

// run acquires, runs the command, and releases whatever came of it. Its error has
// the code that distlock ends with.
func (j *job) run(ctx context.Context) error {
	signals, stop := catchSignals()
	defer stop() // last: until then no signal ends distlock early
	conn, err := j.connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	handle, err := j.acquire(ctx, conn.Locker, signals)
	if err != nil {
		return err
	}
	ended := j.hold(handle, signals)
	return j.release(ctx, handle, ended)
}

// acquire makes one attempt, or waits as long as --wait says. A signal ends it,
// also one that comes too late to keep the lock from being granted.
func (j *job) acquire(ctx context.Context, locker *distlock.Locker, signals <-chan os.Signal) (*distlock.Handle, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var caught os.Signal
	watched := make(chan struct{})
	go func() { // waited for below
		defer close(watched)
		select {
		case caught = <-signals:
			cancel()
		case <-ctx.Done():
		}
	}()
	var handle *distlock.Handle
	var err error
	if j.wait > 0 {
		handle, err = locker.WaitForLock(ctx, j.key, j.wait, distlock.WithAutoExtend())
	} else {
		handle, err = locker.TryAcquire(ctx, j.key, distlock.WithAutoExtend())
	}
	cancel()
	<-watched
	if caught == nil {
		return handle, lockError(err)
	}
	signaled := &exitError{exitSignal + signalNumber(caught), fmt.Sprintf("%v before the command was started", caught)}
	if handle != nil {
		return nil, j.release(ctx, handle, signaled)
	}
	return nil, signaled
}

// hold runs the command to its end, or to the lease's.
func (j *job) hold(handle *distlock.Handle, signals <-chan os.Signal) error {
	j.command.Env = append(
		os.Environ(),
		"DISTLOCK_KEY="+handle.Key(),
		"DISTLOCK_TOKEN="+handle.Token(),
		"DISTLOCK_FENCING_TOKEN="+strconv.FormatInt(handle.FencingToken(), 10),
	)
	p, err := start(j.command)
	if err != nil {
		return startError(err)
	}
	w := watch{process: p, signals: signals, grace: j.grace, say: func(text string) { say(j.stderr, text) }}
	j.told = w.untilEnd(handle)
	return &exitError{code: p.exitCode()}
}

// release gives the lock back and returns what distlock ends with: ended, unless
// the lease had been lost, which outweighs everything the command returned.
func (j *job) release(ctx context.Context, handle *distlock.Handle, ended error) error {
	err := handle.Release(ctx)
	switch {
	case err == nil:
		return ended
	case errors.Is(err, distlock.ErrLost) && j.told:
		return &exitError{code: exitLost}
	case errors.Is(err, distlock.ErrLost):
		return &exitError{exitLost, fmt.Sprintf("the lease was lost before the command ended: %v", err)}
	default:
		say(j.stderr, fmt.Sprintf("%v\nthe key is free when its lease runs out, within %v", err, j.cfg.TTL))
		return ended
	}
}
