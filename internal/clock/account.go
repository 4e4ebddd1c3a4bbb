package clock

import (
	"sync/atomic"
	"time"
)

// An account is how long the machine has been suspended, as far as is known.
//
// To ask the kernel is a system call: three a lock took a fifth of the processor time of a
// busy process. Whenever the kernel counts time as slept it sets the wall clock forward by
// as much, in one step (Linux: __timekeeping_inject_sleeptime), while the monotonic clock,
// the other half of any time.Now, has stood still; else the one moves against the other
// only where the wall clock is set, or a thread is held up between the two. So the kernel
// is asked where they have moved, and now and then besides: a clock set back by what the
// machine has slept, to the half of a millisecond, hides that until then.
type account struct {
	// suspended is the longest total suspend seen so far, in nanoseconds. It only
	// grows: a reading that was a little too large makes leases end early, once,
	// and can never make one look younger than it is.
	suspended atomic.Int64

	// Of a reading after which the kernel was asked, and its answer known to all.
	apart atomic.Int64 // the wall clock from the time elapsed
	at    atomic.Int64 // the time elapsed
}

// clocks are a machine's.
type clocks interface {
	// now returns the time, and what has passed by the monotonic clock.
	now() (shown time.Time, elapsed time.Duration)

	// asleep asks the kernel how long the machine has been suspended in all, elapsed
	// being the monotonic time of just before.
	asleep(elapsed time.Duration) time.Duration
}

const (
	// noticeable is the smallest growth of the suspended time that counts; below it
	// lies the noise of two clocks read one after the other.
	noticeable = time.Millisecond

	// standing is how far the two clocks of one reading may have moved apart without
	// more than noise.
	standing = noticeable / 2

	// anyway is how long at most the kernel is not asked. It is of monotonic time, which
	// a suspend does not lengthen.
	anyway = 10 * time.Millisecond
)

// read returns the time that has passed, suspended time included, and the time to show.
func (a *account) read(c clocks) (elapsed time.Duration, shown time.Time) {
	shown, elapsed = c.now()
	if wall, then := shown.UnixNano(), elapsed; a.due(wall, then) {
		if asleep := c.asleep(elapsed); asleep >= time.Duration(a.suspended.Load())+noticeable {
			a.note(c, asleep)
			shown, elapsed = c.now()
		}
		// The first reading, and last of all: who reads the same from then on need not ask.
		// Since the kernel was asked the machine may have slept again.
		a.asked(wall, then)
	}
	return elapsed + time.Duration(a.suspended.Load()), shown
}

// due reports whether the kernel is to be asked.
func (a *account) due(wall int64, elapsed time.Duration) bool {
	moved := wall - int64(elapsed) - a.apart.Load()
	since := int64(elapsed) - a.at.Load() // negative for who was held up, or on virtual time
	return moved >= int64(standing) || moved <= -int64(standing) || since < 0 || since >= int64(anyway)
}

func (a *account) asked(wall int64, elapsed time.Duration) {
	a.apart.Store(wall - int64(elapsed))
	a.at.Store(int64(elapsed))
}

// note raises what is known. A goroutine held up between its two clock readings looks
// like a suspend; read again, that is gone, while a suspend is there each time. Left in,
// it would hide a later suspend of the same length.
func (a *account) note(c clocks, asleep time.Duration) {
	for range 3 {
		_, elapsed := c.now()
		asleep = min(asleep, c.asleep(elapsed))
	}
	for {
		known := a.suspended.Load()
		if int64(asleep) <= known || a.suspended.CompareAndSwap(known, int64(asleep)) {
			return
		}
	}
}
