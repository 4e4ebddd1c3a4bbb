//go:build unix && !linux

package chaos

import "syscall"

// endWithParent keeps a terminal's Ctrl-C from a server: its parent will end it.
func endWithParent() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
