//go:build unix

package redistest

import (
	"os"
	"syscall"
)

var (
	stopSignal     os.Signal = syscall.SIGSTOP
	continueSignal os.Signal = syscall.SIGCONT
)
