package chaos

import (
	"errors"
	"time"

	"github.com/lilith/distlock"
)

// watch records when the end of a lease was signalled, or that it was not.
func (a *actor) watch(h *distlock.Handle) {
	defer a.watching.Done()
	o := Op{Kind: OpSignal, Client: a.Name, Worker: a.number, Key: h.Key(), Token: h.Token(), Fencing: h.FencingToken()}
	done := h.Done() // once: asking again would end a lease whose time is over
	for {
		until := h.ValidUntil()
		overdue := time.NewTimer(time.Until(until) + overdueAfter)
		select {
		case <-done:
			overdue.Stop()
			if err := h.Err(); !errors.Is(err, distlock.ErrReleased) {
				o.Start, o.Until = a.stage.now(), a.until(h)
				a.end(o, err)
			}
			return
		case <-overdue.C:
			if !h.ValidUntil().After(until) && !isClosed(done) {
				o.Start, o.Until, o.Outcome = a.stage.now(), a.at(until), Failed
				a.end(o, errors.New("the lease is over, and nothing told so"))
				return
			}
		}
	}
}

// overdueAfter is far longer than any machine is late.
const overdueAfter = 10 * time.Second

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
