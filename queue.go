package distlock

import (
	"sync"
	"sync/atomic"

	"github.com/lilith/distlock/internal/clock"
)

// Queues are who waits in this process, by key, first come, first served. The first of
// a queue asks the nodes, for all: what he is told counts as an attempt of everyone
// whose next one was due. A release in this process hands the lock on to one of them,
// without giving it up in between.
type queues struct {
	// A release looks no further while nobody waits: it reads entered first, as who goes
	// from there to waiting is counted in both for a moment.
	waiting atomic.Int64 // in all queues
	entered atomic.Int64 // those of queue.entered

	ears sync.Mutex // is held while notifications are begun; before mu

	mu    sync.Mutex
	byKey map[string]*queue // each has somebody in it, or before it
	spare *queue            // to be used again
	deaf  func()            // ends notifications that nobody wants: unlock calls it
}

// unlock ends the notifications of a queue that nobody is in any more. Not under mu, which
// who is notified takes under locks of the store's.
func (qs *queues) unlock() {
	stop := qs.deaf
	qs.deaf = nil
	qs.mu.Unlock()
	if stop != nil {
		stop()
	}
}

// A queue is who waits for one key. queues.mu guards it, and its waiters.
type queue struct {
	entered bool // somebody who found no queue asks the nodes, and will come first in it

	first, last *waiter
	bounded     int    // waiters whose attempts are counted
	stop        func() // ends the notifications, which are the queue's: nil where there are none

	latest Result        // of the last look
	reason string        // what its verdict does not tell
	looks  int           // there have been
	looked clock.Instant // when the last ended
	asked  bool          // an attempt of somebody is due
	woken  bool          // the lock may be free
	yields bool          // others have their turn, until yield
	yield  clock.Instant
}

// A waiter is an acquisition that waits. Its own goroutine sleeps until there is a
// signal, and asks step what to do then.
type waiter struct {
	a      *acquisition
	signal chan struct{} // capacity 1: there is something to see

	queue      *queue // nil while it is in none
	prev, next *waiter
	place      place
	due        clock.Instant // its next attempt
	came       clock.Instant
	made, seen int   // attempts made, and looks there had been, when it came
	turn       *turn // what it was handed

	vigil vigil // its own goroutine's, with no lock
}

// A place is how a waiter stands.
type place uint8

const (
	waiting place = iota
	looking       // it asks the nodes
	taken         // it is being handed the lock
	out           // its attempts are used up, or no attempt can help
	gone          // nobody waits on its behalf any more
)

// enter reports whether nobody waits for key, or asks for it first. Whoever comes then
// comes after the caller, who must exit.
func (qs *queues) enter(key string) bool {
	qs.mu.Lock()
	defer qs.unlock()
	if qs.byKey[key] != nil {
		return false
	}
	qs.open(key).entered = true
	qs.entered.Add(1)
	return true
}

// open makes an empty queue.
func (qs *queues) open(key string) *queue {
	q := qs.spare
	if qs.spare = nil; q == nil {
		q = new(queue)
	}
	if qs.byKey == nil {
		qs.byKey = make(map[string]*queue)
	}
	qs.byKey[key] = q
	return q
}

// exit ends what enter began, for one who has the lock or gives up: who came meanwhile has
// not asked the nodes, nor do they know of him, and is to look if the lock may be free.
func (qs *queues) exit(key string, granted bool) {
	qs.mu.Lock()
	defer qs.unlock()
	q := qs.byKey[key]
	q.entered = false
	qs.entered.Add(-1)
	if q.first != nil {
		q.looked, q.woken = clock.Now(), !granted
		q.promote()
	} else {
		qs.shut(key, q)
	}
}

// shut ends a queue that nobody is in.
func (qs *queues) shut(key string, q *queue) {
	delete(qs.byKey, key)
	qs.deaf = q.stop
	*q = queue{}
	qs.spare = q
}

// stay ends what enter began for one whose attempt has failed, and who waits now, before
// all who came meanwhile.
func (qs *queues) stay(a *acquisition) *waiter {
	w := newWaiter(a)
	qs.mu.Lock()
	defer qs.unlock()
	q := qs.byKey[a.wire]
	q.entered = false
	w.seen = q.looks + 1 // its attempt is counted as one
	qs.insert(q, w, nil)
	qs.entered.Add(-1)    // not before it is counted there: mayBeFree would miss it
	qs.takeIn(w, a.began) // before anybody sees it wait, and hands it the lock
	return w
}

// join puts a, who has made no attempt, at the end of its queue.
func (qs *queues) join(w *waiter) {
	a := w.a
	a.began = w.came
	qs.mu.Lock()
	defer qs.unlock()
	q := qs.byKey[a.wire]
	if q == nil { // they have all gone meanwhile
		q = qs.open(a.wire)
		q.looked, q.woken = w.came, true
	}
	w.seen, w.due = q.looks, w.came
	if !a.bounded() {
		w.due = w.came.Add(a.firstDelay())
	}
	qs.insert(q, w, q.last)
}

func newWaiter(a *acquisition) *waiter {
	w := &waiter{a: a, signal: make(chan struct{}, 1), came: clock.Now(), made: a.attempts}
	w.vigil = vigil{a: a, w: w, tried: a.attempts > 0}
	return w
}

// insert puts w behind prev, nil for the front.
func (qs *queues) insert(q *queue, w, prev *waiter) {
	w.queue, w.prev = q, prev
	if prev == nil {
		w.next, q.first = q.first, w
	} else {
		w.next, prev.next = prev.next, w
	}
	if w.next == nil {
		q.last = w
	} else {
		w.next.prev = w
	}
	if w.a.bounded() {
		q.bounded++
	}
	qs.waiting.Add(1)
}

// remove takes w out of its queue, and has the one behind it be the first in its place.
func (qs *queues) remove(w *waiter) {
	q := w.queue
	if w.a.bounded() {
		q.bounded--
	}
	if w.place != looking {
		q.inform(w)
	}
	wasFirst := q.first == w
	if w.prev == nil {
		q.first = w.next
	} else {
		w.prev.next = w.next
	}
	if w.next == nil {
		q.last = w.prev
	} else {
		w.next.prev = w.prev
	}
	w.queue, w.prev, w.next = nil, nil, nil
	qs.waiting.Add(-1)
	switch {
	case q.first == nil && !q.entered:
		qs.shut(w.a.wire, q)
	case q.first != nil && wasFirst:
		q.promote()
	}
}

// promote has the first of the queue see that it is.
func (q *queue) promote() {
	now := clock.Now()
	q.asked = q.isOwed(now) // if who was first got the lock, its look was nobody else's
	if f := q.first; f.place == waiting && !f.a.bounded() {
		f.due = max(f.due, now.Add(f.a.firstDelay()))
	}
	q.first.wake()
}

// inform has w, whose own goroutine sleeps, know what there has been since it came. The
// looks of others were the attempts of one whose attempts are not counted.
func (q *queue) inform(w *waiter) {
	if looks := q.looks - w.seen; !w.a.bounded() && looks > 0 {
		w.a.attempts = max(w.a.attempts, w.made+looks)
		w.a.last, w.a.reason = q.latest, q.reason
	}
	if w.a.last.Votes == nil {
		w.a.last, w.a.reason = q.latest, q.reason
	}
}

// wakeAll has all waiters see what there is to see. One who is being handed a lock sees it
// then.
func (qs *queues) wakeAll() {
	qs.mu.Lock()
	defer qs.unlock()
	for _, q := range qs.byKey {
		for w := q.first; w != nil; w = w.next {
			w.wake()
		}
	}
}

func (w *waiter) wake() {
	select {
	case w.signal <- struct{}{}:
	default:
	}
}

// leave ends w's waiting, whatever its place. What it was handed meanwhile is
// returned, to be given back.
func (qs *queues) leave(w *waiter) *turn {
	qs.mu.Lock()
	defer qs.unlock()
	if w.queue != nil {
		qs.remove(w)
	}
	w.place = gone
	t := w.turn
	w.turn = nil
	return t
}
