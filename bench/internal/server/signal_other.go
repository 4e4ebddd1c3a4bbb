//go:build !unix

package server

import "os"

// There is no freezing a process here: Freeze fails, and its workloads say so.
var (
	stopSignal     = os.Interrupt
	continueSignal = os.Interrupt
)
