package node

import "time"

// wait waits until nothing is under way, but not longer than d, and reports whether
// so.
func (q *queue) wait(d time.Duration) bool {
	q.mu.Lock()
	settled := q.settled
	if q.flights > 0 || q.head != nil {
		if settled == nil {
			settled = make(chan struct{})
			q.settled = settled
		}
	}
	q.mu.Unlock()
	if settled != nil {
		timer := time.NewTimer(d)
		defer timer.Stop()
		select {
		case <-settled:
		case <-timer.C:
			return false
		}
	}
	return true
}
