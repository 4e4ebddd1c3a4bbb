//go:build !unix

package redistest

import "os"

// There is no freezing a process here: the tests that do need Unix.
var (
	stopSignal     = os.Interrupt
	continueSignal = os.Interrupt
)
