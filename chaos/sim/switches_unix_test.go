//go:build unix

package sim_test

import "syscall"

// switches returns how often the kernel has taken the processor away from this process.
func switches() int64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return wide(usage.Nivcsw)
}

// wide is for systems where the count has another size.
func wide[T int32 | int64](n T) int64 { return int64(n) }
