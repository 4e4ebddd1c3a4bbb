package node

import (
	"context"
	"sync/atomic"
	"time"
)

// A Limit is a context that ends at a time, or with its parent, for one request:
// context.WithTimeout for who makes two of them for every lock. It lies in what it bounds,
// and its alarm, a timer and a channel, serves the next request when it was not needed.
//
// It must not outlive its request: Done may belong to another by then. So it is given only
// to clients that show it to no code of the user's, as far as go-redis tells; who keeps it
// in spite of that finds it ended. An alarm that a parent may ring serves nobody else.
type Limit struct {
	context.Context // the parent
	at              time.Time
	alarm           *alarm
	alarms          *Alarms

	// To watch the parent costs allocations, and who has a connection never waits. So
	// go-redis's look before it takes one, the first call of Done, is not watched; where
	// it comes to wait it calls Done again. Were it to wait on the first, the parent's
	// end would be noticed when the time is over. Who starts a Limit looks at the
	// parent himself.
	asked  atomic.Bool
	over   atomic.Bool                 // End was called
	forget atomic.Pointer[func() bool] // set while the parent is watched
}

// Deadline implements context.Context.
func (l *Limit) Deadline() (time.Time, bool) {
	if at, ok := l.Context.Deadline(); ok && at.Before(l.at) {
		return at, true
	}
	return l.at, true
}

// Done implements context.Context.
func (l *Limit) Done() <-chan struct{} {
	if l.over.Load() {
		return ended
	}
	if l.asked.Swap(true) {
		l.watch()
	}
	return l.alarm.rung
}

// watch has the alarm ring at the parent's end too.
func (l *Limit) watch() {
	if l.Context.Done() == nil || l.forget.Load() != nil {
		return
	}
	forget := context.AfterFunc(l.Context, l.alarm.ring)
	if !l.forget.CompareAndSwap(nil, &forget) {
		forget()
	}
}

// Err implements context.Context.
func (l *Limit) Err() error {
	if err := l.Context.Err(); err != nil {
		return err
	}
	if l.over.Load() {
		return context.Canceled
	}
	if time.Now().Before(l.at) {
		return nil
	}
	return context.DeadlineExceeded
}

// ended is the channel of a limit that is not needed any more.
var ended = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// End ends the need for the limit.
func (l *Limit) End() {
	l.over.Store(true) // before another's request may close the channel
	if forget := l.forget.Load(); forget != nil {
		(*forget)()
		l.alarm.timer.Stop()
		return
	}
	l.alarms.put(l.alarm)
}

// An alarm closes its channel at the time set, or when it is rung.
type alarm struct {
	timer *time.Timer
	rung  chan struct{}
	rings atomic.Bool
}

func (a *alarm) ring() {
	if !a.rings.Swap(true) {
		close(a.rung)
	}
}

// Alarms makes limits. It keeps one alarm that was not needed.
type Alarms struct{ spare atomic.Pointer[alarm] }

// Start has l end d after now, or with parent.
func (s *Alarms) Start(parent context.Context, l *Limit, now time.Time, d time.Duration) {
	l.Context, l.at, l.alarm, l.alarms = parent, now.Add(d), s.set(d), s
}

func (s *Alarms) set(d time.Duration) *alarm {
	if a := s.spare.Swap(nil); a != nil {
		a.timer.Reset(d)
		return a
	}
	a := &alarm{rung: make(chan struct{})}
	a.timer = time.AfterFunc(d, a.ring)
	return a
}

// put takes an alarm back, unless it rings.
func (s *Alarms) put(a *alarm) {
	if a.timer.Stop() {
		s.spare.Store(a)
	}
}
