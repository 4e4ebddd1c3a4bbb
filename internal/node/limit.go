package node

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// A Limit is a context that ends at a time, or with its parent, for one request:
// context.WithTimeout for who makes two of them for every lock. It lies in what it
// bounds, and shares its alarm, a timer and a channel, with those that end at about the
// same time.
//
// To who keeps it beyond its request it has ended, but Done may be closed only when the
// time is over. So it is given only to clients that show it to no code of the user's, as
// far as go-redis tells: a handler of push notifications or a logger may see it.
type Limit struct {
	context.Context // the parent
	at              time.Time
	rung            <-chan struct{}

	// To watch the parent costs allocations, and who has a connection never waits. So
	// go-redis's look before it takes one, the first call of Done, is not watched; where
	// it comes to wait it calls Done again. Were it to wait on the first, the parent's
	// end would be noticed when the time is over. Who starts a Limit looks at the
	// parent himself.
	asked   atomic.Bool
	over    atomic.Bool // End was called
	watched atomic.Pointer[watched]
}

// A watched is what ends a Limit whose parent is watched.
type watched struct {
	context.Context
	forget context.CancelFunc
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
	if w := l.watched.Load(); w != nil {
		return w.Done()
	}
	return l.rung
}

// watch has Done closed at the parent's end too.
func (l *Limit) watch() {
	if l.Context.Done() == nil || l.watched.Load() != nil {
		return
	}
	ctx, forget := context.WithDeadline(l.Context, l.at)
	if !l.watched.CompareAndSwap(nil, &watched{ctx, forget}) || l.over.Load() {
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
	l.over.Store(true)
	if w := l.watched.Load(); w != nil {
		w.forget()
	}
}

// An alarm closes its channel at a time.
type alarm struct {
	at   time.Time
	of   time.Duration // the length of time of the limit that it was made for
	rung chan struct{}
}

// Alarms makes limits. To set a timer and to stop it again costs more than all else that
// a limit does, and may wake a processor. So those that end at about the same time share
// an alarm, and none is stopped: about a hundred wait to ring at most for each of a few
// lengths of time, and one for each limit where there are more lengths than that in turn.
type Alarms struct {
	mu   sync.Mutex
	last [8]*alarm // set, the latest first; one for each length of time
}

// lateness is how much later than it might a limit may end, as a part of the time that it
// allows, counted from when it is started.
const lateness = 100

// Start has l end d after now, which is the time or was a little before, or with parent.
func (s *Alarms) Start(parent context.Context, l *Limit, now time.Time, d time.Duration) {
	l.Context, l.at = parent, now.Add(d)
	late := d / lateness
	s.mu.Lock()
	defer s.mu.Unlock()
	slot := len(s.last) - 1 // where the length has no place yet: the oldest's
	for i, a := range s.last {
		if a == nil {
			slot = min(slot, i)
			break
		}
		ahead := a.at.Sub(l.at)
		// Who comes late with its now is as late to begin to wait.
		if ahead >= 0 && (ahead <= late || a.of == d && ahead <= late+time.Since(now)) {
			l.rung = a.rung
			return
		}
		if a.of == d {
			slot = i
		}
	}
	rung := make(chan struct{})
	a := &alarm{l.at.Add(late), d, rung}
	time.AfterFunc(time.Until(a.at), func() { close(rung) }) // whether anybody waits for it or not
	l.rung = rung
	copy(s.last[1:slot+1], s.last[:slot])
	s.last[0] = a
}
