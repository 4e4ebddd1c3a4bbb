//go:build unix

package chaos

import (
	"os"
	"syscall"
)

// stopProcess stops a process, or lets it go on.
func stopProcess(p *os.Process, stop bool) error {
	if stop {
		return p.Signal(syscall.SIGSTOP)
	}
	return p.Signal(syscall.SIGCONT)
}
