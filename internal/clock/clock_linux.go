package clock

import (
	"syscall"
	"time"
	"unsafe"
)

// From linux/time.h; package syscall does not name them.
const (
	clockMonotonic = 1
	clockBoottime  = 7
)

// bootOrigin is CLOCK_BOOTTIME when origin was read. It is read first, so that
// an interruption between the two makes later results too large, never too small.
var bootOrigin = bootAt(origin)

func bootAt(origin time.Time) time.Duration { return gettime(clockBoottime) - time.Since(origin) }

// virtual is the least time that seems to have passed in a testing/synctest bubble,
// whose clock stands thirty years from origin; a process that is that old loses only
// speed.
const virtual = 20 * 365 * 24 * time.Hour

// suspendedTime returns how long the machine has been suspended since origin,
// elapsed being the monotonic time since then: CLOCK_BOOTTIME counts suspended
// time, CLOCK_MONOTONIC, on which Go's clock stands, does not (clock_gettime(2)).
//
// One system call as a rule. Only where Go's clock may be virtual both clocks are
// asked of the kernel.
func suspendedTime(elapsed time.Duration) time.Duration {
	if elapsed < virtual {
		return gettime(clockBoottime) - bootOrigin - elapsed
	}
	monotonic := gettime(clockMonotonic)
	return gettime(clockBoottime) - monotonic - asleepAtOrigin
}

// asleepAtOrigin is what the machine had been suspended before the process began.
var asleepAtOrigin = func() time.Duration {
	monotonic := gettime(clockMonotonic)
	return gettime(clockBoottime) - monotonic
}()

func gettime(id uintptr) time.Duration {
	var ts syscall.Timespec
	// RawSyscall: the call does not block, so the scheduler need not know.
	_, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, id, uintptr(unsafe.Pointer(&ts)), 0)
	if errno != 0 {
		return 0 // before Linux 2.6.39: no suspend is ever seen
	}
	return time.Duration(ts.Nano())
}
