package chaos

import (
	"sync/atomic"
	"time"
)

// A stallMeter tells how late threads run on this machine, at worst: a signal that comes
// late because everything does is no fault of a lock's.
type stallMeter struct {
	worst atomic.Int64 // nanoseconds
	end   chan struct{}
	ended chan struct{}
}

func newStallMeter() *stallMeter {
	m := &stallMeter{end: make(chan struct{}), ended: make(chan struct{})}
	go m.run() // stop waits
	return m
}

func (m *stallMeter) run() {
	defer close(m.ended)
	const nap = 2 * time.Millisecond
	timer := time.NewTimer(nap)
	defer timer.Stop()
	for {
		began := time.Now()
		timer.Reset(nap)
		select {
		case <-timer.C:
			m.worst.Store(max(m.worst.Load(), int64(time.Since(began)-nap)))
		case <-m.end:
			return
		}
	}
}

func (m *stallMeter) stop() {
	close(m.end)
	<-m.ended
}

// slack is what operations and signals are to be forgiven: a usual measure, or more
// where the machine was so busy that it stood still for longer. Three hops lie between
// a timer and the record of what it did.
func (m *stallMeter) slack() time.Duration {
	return max(slack, 3*time.Duration(m.worst.Load()))
}
