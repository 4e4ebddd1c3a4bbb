package main

import (
	"os/exec"
	"runtime"
)

// A process is the command as it runs, the leader of a process group where the
// system has those. How it is ended is said in process_unix.go.
type process struct {
	cmd     *exec.Cmd
	exited  chan struct{} // closed once the leader has ended, and cmd.ProcessState is set
	restore func()        // gives back what start took from the terminal
}

// start starts cmd, whose standard streams are files, so that its end waits for
// nobody who holds them.
func start(cmd *exec.Cmd) (*process, error) {
	p := &process{cmd: cmd, exited: make(chan struct{})}
	started := make(chan error)
	go func() { // ends with the process, which watch waits for
		// On Linux the command is ended if this thread ends before it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		restore, err := p.launch()
		p.restore = restore
		started <- err
		if err != nil {
			return
		}
		_ = cmd.Wait() // ProcessState tells how it ended
		close(p.exited)
	}()
	return p, <-started
}

// settle is called once, when the process is no longer watched.
func (p *process) settle() { p.restore() }
