package chaos

import (
	"time"

	"golang.org/x/sys/unix"
)

// machineTime is a time that all processes of this machine agree on: CLOCK_MONOTONIC.
func machineTime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		return time.Duration(time.Now().UnixNano()) // no kernel is without it
	}
	return time.Duration(t.Nano())
}
