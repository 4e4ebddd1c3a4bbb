// Package clock tells how much time has passed for a lease.
//
// A lease runs out on its Redis nodes whether or not its holder's machine is
// awake, while Go's monotonic clock stands still during a suspend
// (golang/go#24595). Now therefore adds the time spent suspended to the
// monotonic clock. Whether a lease is over is decided between two Instants and in
// no other way; wall-clock times are information for people, and a hint for fencing
// tokens.
//
// What errs, errs to more time having passed, which is a lease's safe side. Where less is
// safe, as for how long a server has been watched, use time.Since.
//
// Limits: an Instant means nothing outside the process that read it; a suspend shorter
// than a millisecond is not noticed, nor is one that the kernel knows nothing of, as where
// a virtual machine is paused or moved.
package clock

import (
	"sync/atomic"
	"time"
)

// Instant is a point in time: nanoseconds since an arbitrary origin that is
// fixed for the life of the process. It never runs backwards.
type Instant int64

// Add returns the instant d later.
func (t Instant) Add(d time.Duration) Instant { return t + Instant(d) }

// Sub returns the time from u to t, negative where t comes first.
func (t Instant) Sub(u Instant) time.Duration { return time.Duration(t - u) }

// Before reports whether t comes before u.
func (t Instant) Before(u Instant) bool { return t < u }

var (
	// origin anchors Now. Its distance to time.Now is monotonic, and virtual
	// inside a testing/synctest bubble, which is what makes the engine testable.
	origin = time.Now()

	// slept is what this process knows of suspends.
	slept account

	// simulated is what SimulateSuspend added.
	simulated atomic.Int64

	// ignoring is set by IgnoreSuspends.
	ignoring atomic.Bool
)

// Now returns the present instant, suspended time included. It never blocks
// and is safe for concurrent use.
func Now() Instant {
	now, _ := Read()
	return now
}

// Read returns the present instant together with the time.Time to show people for
// it. Times are for them alone: only Instants are safe from a suspend.
func Read() (Instant, time.Time) {
	if ignoring.Load() {
		shown, elapsed := machine{}.now()
		return Instant(int64(elapsed) + slept.suspended.Load() + simulated.Load()), shown
	}
	elapsed, shown := slept.read(machine{})
	return Instant(int64(elapsed) + simulated.Load()), shown
}

// Since returns the time passed since t, suspended time included.
func Since(t Instant) time.Duration { return Now().Sub(t) }

// SimulateSuspend makes Now jump forward by d, as a machine that was suspended
// for d sees it on waking: timers have not moved, the clock has. It is for tests
// that show what a holder believes in that moment.
func SimulateSuspend(d time.Duration) { simulated.Add(int64(d)) }

// IgnoreSuspends has the machine's own suspends left out from now on. It is for
// processes that live on virtual time alone, where what the kernel's clocks do in
// the meantime would only make one run unlike the next.
func IgnoreSuspends() { ignoring.Store(true) }

// A machine has the clocks that this process runs by.
type machine struct{}

// now returns the time, and what has passed since origin by the monotonic clock.
func (machine) now() (shown time.Time, elapsed time.Duration) {
	shown = time.Now()
	return shown, shown.Sub(origin)
}

func (machine) asleep(elapsed time.Duration) time.Duration { return suspendedTime(elapsed) }
