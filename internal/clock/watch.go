package clock

import (
	"sync/atomic"
	"time"
)

// A watch tells when the kernel is to be asked for suspended time: a system call, of
// which three a lock took a fifth of the processor time of a busy process. Whenever the
// kernel adds suspended time it sets the wall clock forward by as much, while the
// monotonic clock, the other half of any time.Now, stands still; nothing else but a wall
// clock that is set moves the one against the other. So the kernel is asked where they
// have moved, and now and then besides: a clock set back by what the machine has slept, to
// the half of a millisecond, would hide that until then.
type watch struct {
	apart atomic.Int64 // the wall clock from the time elapsed, when the kernel was asked
	at    atomic.Int64 // the time elapsed then
}

const (
	// standing is how far the two clocks of one reading may have moved apart without
	// more than noise.
	standing = noticeable / 2

	// anyway is how long at most the kernel is not asked. It is of monotonic time, which
	// a suspend does not lengthen.
	anyway = 10 * time.Millisecond
)

// guard is the process's watch.
var guard watch

// due reports whether the kernel is to be asked.
func (w *watch) due(wall int64, elapsed time.Duration) bool {
	moved := wall - int64(elapsed) - w.apart.Load()
	since := int64(elapsed) - w.at.Load() // negative for who was held up, or on virtual time
	return moved >= int64(standing) || moved <= -int64(standing) || since < 0 || since >= int64(anyway)
}

// asked notes that the kernel was asked after the two were read, once it has answered and
// all know what it said: who reads the same from then on need not ask. What was read
// later would not do: the machine may have slept since the kernel was asked.
func (w *watch) asked(wall int64, elapsed time.Duration) {
	w.apart.Store(wall - int64(elapsed))
	w.at.Store(int64(elapsed))
}
