package main

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// endWithParent has the kernel ask the command to end where distlock was killed
// and nobody is left to renew the lease.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
}

// adoptOrphans has what the command leaves behind become distlock's child, which then
// need not wait for the reaper of a container to see that it has ended. An error leaves
// it so that it has to.
func adoptOrphans() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }
