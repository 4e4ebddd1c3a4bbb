package distlock

import (
	"time"

	"github.com/lilith/distlock/internal/clock"
)

// sharedLook is how soon after a look there is another because a further waiter's
// attempt is due: with thousands of waiters no more is asked than a few would.
func (l *Locker) sharedLook() time.Duration { return max(l.cfg.RetryDelay/2, backoffFloor) }

// A step is what a waiter is to do next: take its turn, look, go, or sleep for so long
// unless there is a signal.
type step struct {
	place place
	first bool
	sleep time.Duration // endless where it is 0
	turn  *turn

	attempts int // so far
	verdict  Verdict
}

// step puts what w is to do next into s.
func (qs *queues) step(w *waiter, s *step) {
	qs.mu.Lock()
	defer qs.unlock()
	*s = step{place: w.place, turn: w.turn, attempts: w.a.attempts, verdict: w.a.last.Verdict}
	if w.place != waiting || w.turn != nil {
		return
	}
	q, now := w.queue, clock.Now()
	s.first = w == q.first && !q.entered
	switch {
	case w == q.first && q.entered:
	case s.first:
		s.sleep = q.next().Sub(now)
		if s.sleep <= 0 {
			w.place, s.place = looking, looking
			q.asked, q.woken, q.yields = false, false, false
		}
	case w.a.bounded():
		s.sleep = w.due.Sub(now)
		if s.sleep <= 0 {
			s.sleep, q.asked = 0, true
			q.first.wake()
		}
	}
}

// next returns when the first of the queue is to look.
func (q *queue) next() clock.Instant {
	w := q.first
	shared := q.looked.Add(w.a.l.sharedLook())
	at := w.due
	if w.a.attempts == w.made && w.made == 0 {
		at = max(at, shared) // it has seen what the last look gave
	}
	if q.asked {
		at = min(at, shared)
	}
	if q.woken {
		return min(at, q.looked.Add(backoffFloor))
	}
	if q.yields {
		return q.yield // for who is first now: he may have looked at nothing yet
	}
	return at
}

// lookedAt takes in an attempt of w that gave no lease, begun then: it was one of
// everybody whose attempt was due.
func (qs *queues) lookedAt(w *waiter, began clock.Instant) {
	qs.mu.Lock()
	defer qs.unlock()
	qs.takeIn(w, began)
}

// takeIn is lookedAt, with the lock.
func (qs *queues) takeIn(w *waiter, began clock.Instant) {
	q, now := w.queue, clock.Now()
	q.latest, q.reason, q.looked = w.a.last, w.a.reason, now
	q.looks++
	w.place, w.due = waiting, now.Add(w.a.delay())
	if w.a.spent() {
		qs.dismiss(w)
	}
	for v := q.first; v != nil && (q.bounded > 0 || q.latest.Verdict == Rejected); {
		behind := v.next
		if v != w && v.place == waiting {
			qs.share(q, v, began, now)
		}
		v = behind
	}
	q.asked = q.isOwed(now)
}

// isOwed reports whether an attempt of somebody who cannot ask by himself is due. Of
// those due at one moment some say so when the look that served them all has begun.
func (q *queue) isOwed(now clock.Instant) bool {
	if q.bounded == 0 {
		return false
	}
	for v := q.first; v != nil; v = v.next {
		if v != q.first && v.place == waiting && v.a.bounded() && !now.Before(v.due) {
			return true
		}
	}
	return false
}

// share has v see the last look as its own, if its attempt was due.
func (qs *queues) share(q *queue, v *waiter, began, now clock.Instant) {
	rejected := q.latest.Verdict == Rejected
	if !rejected && (!v.a.bounded() || began.Before(v.due)) {
		return
	}
	if v.a.bounded() || rejected {
		v.a.attempts++
	}
	v.a.last, v.a.reason = q.latest, q.reason
	v.due = now.Add(v.a.delay())
	if v.a.spent() {
		qs.dismiss(v)
	} else {
		v.wake()
	}
}

// dismiss ends w's waiting.
func (qs *queues) dismiss(w *waiter) {
	qs.remove(w)
	w.place = out
	w.wake()
}
