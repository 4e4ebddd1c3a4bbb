package node

import (
	"context"
	"sync/atomic"
	"time"
)

// A Limit is a context that ends at a time, for one request: context.WithTimeout for
// who makes two of them for every lock. It lies in what it bounds, and its alarm, a timer
// and a channel, serves the next request when it was not needed.
//
// It must not outlive its request: Done may belong to another by then. So it is given
// only to clones, which have no hooks of the user's; go-redis itself keeps none.
type Limit struct {
	context.Context // the parent, for its values; it never ends by itself
	at              time.Time
	alarm           *alarm
	alarms          *Alarms
}

// Deadline implements context.Context.
func (l *Limit) Deadline() (time.Time, bool) { return l.at, true }

// Done implements context.Context.
func (l *Limit) Done() <-chan struct{} { return l.alarm.rung }

// Err implements context.Context.
func (l *Limit) Err() error {
	if time.Now().Before(l.at) {
		return nil
	}
	return context.DeadlineExceeded
}

// End ends the need for the limit.
func (l *Limit) End() { l.alarms.put(l.alarm) }

// An alarm closes its channel at the time set.
type alarm struct {
	timer *time.Timer
	rung  chan struct{}
}

// Alarms makes limits. It keeps one alarm that was not needed.
type Alarms struct{ spare atomic.Pointer[alarm] }

// Limit returns a limit of parent, which must not end by itself: d from now.
func (s *Alarms) Limit(parent context.Context, now time.Time, d time.Duration) Limit {
	return Limit{parent, now.Add(d), s.set(d), s}
}

func (s *Alarms) set(d time.Duration) *alarm {
	if a := s.spare.Swap(nil); a != nil {
		a.timer.Reset(d)
		return a
	}
	a := &alarm{rung: make(chan struct{})}
	a.timer = time.AfterFunc(d, func() { close(a.rung) })
	return a
}

// put takes an alarm back, unless it rings.
func (s *Alarms) put(a *alarm) {
	if a.timer.Stop() {
		s.spare.Store(a)
	}
}
