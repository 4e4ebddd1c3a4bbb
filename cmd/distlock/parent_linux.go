package main

import "syscall"

// endWithParent has the kernel ask the command to end where distlock was killed
// and nobody is left to renew the lease.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
}
