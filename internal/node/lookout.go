package node

import (
	"errors"
	"time"
)

// keepWatch has the queue looked at before long, as somebody waits in it: after a headway, or
// after lookEvery. The headway counts from now and not from the last departure, which is
// mostly back by then: ringing sooner, and in vain, cost 8 goroutines over five nodes 4 to
// 14 % of their locks. So the first in the queue waits for two headways at most.
func (q *queue) keepWatch(now time.Time) {
	in := q.headway()
	if q.near && q.flights == 1 || q.flights == q.most {
		in = lookEvery
	}
	rings := now.Add(in)
	if q.watching && !rings.Before(q.rings) {
		return
	}
	q.watching, q.rings = true, rings
	if q.watch == nil {
		q.watch = time.AfterFunc(in, q.look) // not while the queue is empty
	} else {
		q.watch.Reset(in)
	}
}

// look is what the watch runs: requests whose time is over fail, and the others leave
// if they may by now.
func (q *queue) look() {
	now := time.Now()
	q.mu.Lock()
	q.watching = false
	var late []*Request
	q.filter(func(r *Request) bool {
		deadline, bounded := r.ctx.Deadline()
		if !bounded || now.Before(deadline) {
			return true
		}
		late = append(late, r)
		return false
	})
	var w *worker
	if q.head != nil {
		q.near = false // or it had been gone by now
		w = q.depart(now)
	}
	q.mu.Unlock()
	w.start()
	for _, r := range late {
		q.n.giveUp(r, errWaited)
	}
}

var errWaited = errors.New("not sent: other requests to this node hang")
