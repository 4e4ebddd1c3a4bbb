package server

import "syscall"

// childOf has the kernel end a server whose parent was killed, and keeps from it the
// Ctrl-C that ends a run: it is needed until the last figure is in.
func childOf() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
