package chaos

import "time"

// An epochs turns the clients to new keys when it is time, and archives the old ones'
// history when nobody uses them any more.
type epochs struct {
	number int
	since  time.Time
	old    []string // still to be archived
}

func (e *epochs) turn(r *campaign) {
	if e.since.IsZero() {
		e.since = r.began
	}
	switch past := time.Since(e.since); {
	case e.old == nil && past >= r.o.epoch:
		e.old = r.o.keys(e.number)
		e.number++
		e.since = time.Now()
		keys := r.o.keys(e.number)
		r.shared.setKeys(keys)
		for _, m := range r.world.members {
			m.relock(keys)
		}
	case e.old != nil && past >= min(max(epochEnds, 30*r.o.TTL), r.o.epoch/2):
		r.archive.take(r.shared.recorder, r.shared.ledger.Erased(), e.old)
		e.old = nil
	}
}
