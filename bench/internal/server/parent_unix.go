//go:build unix && !linux

package server

import "syscall"

// childOf keeps from a server the Ctrl-C that ends a run.
func childOf() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
