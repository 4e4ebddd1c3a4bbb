//go:build unix

package main

import (
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// passedOn are the signals that the command gets in distlock's place.
var passedOn = []os.Signal{
	syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGUSR1, syscall.SIGUSR2,
}

// catchSignals returns the signals to be passed on, until stop is called. Those
// that distlock was started to ignore, as under nohup, stay ignored, by the command
// too.
func catchSignals() (signals <-chan os.Signal, stop func()) {
	caught := make(chan os.Signal, 16)
	for _, sig := range passedOn {
		if !signal.Ignored(sig) {
			signal.Notify(caught, sig)
		}
	}
	// A message to a closed stderr must not end distlock before the command. Not
	// ignored, as the command would inherit that.
	broken := make(chan os.Signal, 1)
	signal.Notify(broken, syscall.SIGPIPE)
	return caught, func() {
		signal.Stop(caught)
		signal.Stop(broken)
	}
}

func signalNumber(sig os.Signal) int {
	if s, ok := sig.(syscall.Signal); ok {
		return int(s)
	}
	return 0
}

// launch starts the process in a group of its own, so that it can be ended with
// all that it started.
func (p *process) launch() (restore func(), err error) {
	p.cmd.SysProcAttr = endWithParent()
	p.cmd.SysProcAttr.Setpgid = true
	takeBack := lendTerminal(p.cmd.SysProcAttr)
	// Ctrl-Z would stop a holder, or distlock alone: either would keep the key, or
	// the command, without the other. A signal ignored here is ignored there.
	signal.Ignore(syscall.SIGTSTP)
	err = p.cmd.Start()
	// From now on distlock may write to, and take back, a terminal that is not its
	// own. Ignored after the start, as the command has no need of it.
	signal.Ignore(syscall.SIGTTOU)
	restore = func() {
		takeBack()
		signal.Reset(syscall.SIGTSTP, syscall.SIGTTOU)
	}
	if err != nil {
		restore()
	}
	return restore, err
}

// pass gives the process a signal sent to distlock. Those that ask for an end go to
// the whole group, as a terminal sends them: a shell that dies of one would leave
// running, without the lock, what it was waiting for.
func (p *process) pass(sig os.Signal) {
	switch sig {
	case syscall.SIGUSR1, syscall.SIGUSR2:
		_ = p.cmd.Process.Signal(sig)
	default:
		p.signalGroup(sig.(syscall.Signal))
	}
}

// terminate asks the group to end; one that is stopped is woken to hear it. Whom its
// leader leaves behind from now on is distlock's to reap: before, distlock reaps nobody,
// and they are left to whoever does.
func (p *process) terminate() {
	adoptOrphans()
	p.signalGroup(syscall.SIGTERM)
	p.signalGroup(syscall.SIGCONT)
}

func (p *process) kill() { p.signalGroup(syscall.SIGKILL) }

// groupLives reports whether any process of the group is left, once its leader has ended
// and was waited for.
func (p *process) groupLives() bool {
	// What the leader left behind is distlock's to reap, where it could adopt it or is the
	// first process of a container. Else it has no such child, which is an error.
	for {
		pid, err := syscall.Wait4(-p.cmd.Process.Pid, nil, syscall.WNOHANG, nil)
		if pid <= 0 && !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	return syscall.Kill(-p.cmd.Process.Pid, 0) == nil
}

// An error is that of a group that has ended.
func (p *process) signalGroup(sig syscall.Signal) { _ = syscall.Kill(-p.cmd.Process.Pid, sig) }

func (p *process) exitCode() int {
	if status, ok := p.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return exitSignal + int(status.Signal())
	}
	return p.cmd.ProcessState.ExitCode()
}
