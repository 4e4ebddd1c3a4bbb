package chaos

import "syscall"

// endWithParent has the kernel end a server whose parent was killed (whose thread that started
// it has ended, to be exact), and keeps a terminal's Ctrl-C from it.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
}
