//go:build !unix

package main

import (
	"os"
	"os/signal"
)

// catchSignals returns the one signal that every system has, until stop is called.
func catchSignals() (signals <-chan os.Signal, stop func()) {
	caught := make(chan os.Signal, 16)
	signal.Notify(caught, os.Interrupt)
	return caught, func() { signal.Stop(caught) }
}

// signalNumber is what a shell would call an interrupt.
func signalNumber(os.Signal) int { return 2 }

func (p *process) launch() (restore func(), err error) {
	return func() {}, p.cmd.Start()
}

// pass does nothing: without process groups the console tells both.
func (p *process) pass(os.Signal) {}

// terminate kills: there is no asking.
func (p *process) terminate() { p.kill() }

func (p *process) kill() { _ = p.cmd.Process.Kill() }

func (p *process) groupLives() bool { return false }

func (p *process) exitCode() int { return p.cmd.ProcessState.ExitCode() }
