// Package clock tells how much time has passed for a lease.
//
// A lease runs out on its Redis nodes whether or not its holder's machine is
// awake, while Go's monotonic clock stands still during a suspend
// (golang/go#24595). Now therefore adds the time spent suspended to the
// monotonic clock. Whether a lease is over is decided between two Instants and in
// no other way; wall-clock times are information for people, and a hint for fencing
// tokens.
//
// Limits: an Instant means nothing outside the process that read it, and a
// suspend shorter than a millisecond is not noticed.
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

	// suspended is the longest total suspend seen so far, in nanoseconds. It only
	// grows: a reading that was a little too large makes leases end early, once,
	// and can never make one look younger than it is.
	suspended atomic.Int64

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
	shown := time.Now()
	elapsed := shown.Sub(origin)
	if wall, then := shown.UnixNano(), elapsed; !ignoring.Load() && guard.due(wall, then) {
		if asleep := suspendedTime(elapsed); asleep >= time.Duration(suspended.Load())+noticeable {
			noteSuspend(asleep)
			shown = time.Now()
			elapsed = shown.Sub(origin)
		}
		guard.asked(wall, then)
	}
	return Instant(int64(elapsed) + suspended.Load() + simulated.Load()), shown
}

// noticeable is the smallest growth of the suspended time that counts; below it
// lies the noise of two clocks read one after the other.
const noticeable = time.Millisecond

// noteSuspend raises suspended. A goroutine held up between its two clock readings
// looks like a suspend; read again, that is gone, while a suspend is there each time.
// Left in, it would hide a later suspend of the same length.
func noteSuspend(asleep time.Duration) {
	for range 3 {
		asleep = min(asleep, suspendedTime(time.Since(origin)))
	}
	for {
		known := suspended.Load()
		if int64(asleep) <= known || suspended.CompareAndSwap(known, int64(asleep)) {
			return
		}
	}
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
