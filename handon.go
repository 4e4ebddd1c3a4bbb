package distlock

import (
	"time"

	"github.com/lilith/distlock/internal/clock"
)

// A turn is a hand-over: what was asked of the nodes for the waiter, and what came of it.
type turn struct {
	try    try
	result Result
	inARow int // hand-overs without a release between them, this one included
}

// maxInARow is how many times in a row a lock is handed on in one process before it is
// given up, and whoever waits elsewhere is told.
const maxInARow = 8

// successor takes the first waiter that can be handed the lock on key out of its
// queue, and begins an attempt of its; nil where there is none.
func (qs *queues) successor(key string) (*waiter, try) {
	if qs.waiting.Load() == 0 {
		return nil, try{}
	}
	qs.mu.Lock()
	defer qs.unlock()
	q := qs.byKey[key]
	if q == nil {
		return nil, try{}
	}
	for w := q.first; w != nil; w = w.next {
		if w.place == waiting {
			qs.remove(w)
			w.place = taken
			return w, w.a.try()
		}
	}
	return nil, try{}
}

// deliver ends a hand-over to w. It reports false where w has gone, so that what it
// was handed is to be given back.
func (qs *queues) deliver(w *waiter, t turn) bool {
	qs.mu.Lock()
	defer qs.unlock()
	if w.place == gone {
		return false
	}
	w.turn, w.place = &t, waiting
	w.wake()
	return true
}

// returns has w, whom a hand-over gave no lease, be the first again.
func (qs *queues) returns(w *waiter) {
	qs.mu.Lock()
	defer qs.unlock()
	w.turn = nil
	if w.a.spent() {
		w.place = out
		return
	}
	q := qs.byKey[w.a.wire]
	if q == nil {
		q = qs.open(w.a.wire)
		q.looked = clock.Now()
	}
	w.place, w.made, w.seen, w.due = waiting, w.a.attempts, q.looks, clock.Now()
	qs.insert(q, w, nil)
}

// mayBeFree has the first who waits for key look now, or as soon as he stands in the queue:
// he may be on his way to it with a refusal that is no longer so.
func (qs *queues) mayBeFree(key string) {
	if qs.entered.Load() == 0 && qs.waiting.Load() == 0 {
		return
	}
	qs.mu.Lock()
	defer qs.unlock()
	q := qs.byKey[key]
	if q == nil {
		return
	}
	q.woken = true
	if q.first != nil {
		q.first.wake()
	}
}

// listen has the queue of key keep the notifications that await begins until they are
// replaced, or nobody waits any more. Who awaits later is heard of later, as a store
// forgets the earlier; it makes no request.
func (qs *queues) listen(key string, await func() (stop func())) {
	qs.ears.Lock()
	defer qs.ears.Unlock()
	stop := await()
	qs.mu.Lock()
	defer qs.unlock()
	if q := qs.byKey[key]; q != nil && q.first != nil {
		q.stop, stop = stop, q.stop
	}
	qs.deaf = stop
}

// giveWay has who waits for key leave others a turn, unless they are told that it is
// free again.
func (qs *queues) giveWay(key string, d time.Duration) {
	qs.mu.Lock()
	defer qs.unlock()
	q := qs.byKey[key]
	if q == nil {
		return
	}
	q.yields, q.yield = true, clock.Now().Add(d)
	if q.first != nil {
		q.first.wake()
	}
}
