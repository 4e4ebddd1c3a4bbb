//go:build unix

package sim_test

import "syscall"

// switches returns how often the kernel has taken the processor away from this process.
func switches() int64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return int64(usage.Nivcsw)
}
