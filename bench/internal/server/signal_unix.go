//go:build unix

package server

import (
	"os"
	"syscall"
)

var (
	stopSignal     os.Signal = syscall.SIGSTOP
	continueSignal os.Signal = syscall.SIGCONT
)
