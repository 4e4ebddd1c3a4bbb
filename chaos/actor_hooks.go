package chaos

import (
	"errors"
	"time"

	"github.com/lilith/distlock"
)

// watch records when the end of a lease was signalled, or that it was not.
func (a *actor) watch(h *distlock.Handle) {
	defer a.watching.Done()
	o := Op{Kind: OpSignal, Client: a.Name, Key: h.Key(), Token: h.Token(), Fencing: h.FencingToken()}
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

// attempted is a hook: an attempt ended, on the goroutine that acquires.
func (a *actor) attempted(e distlock.Event) {
	a.acquiring.Attempts++
	if e.Err != nil {
		a.stage.begin(a.acquiring) // a wait begins
	}
}

// voted is a hook: the first answer to an extension tells that it is under way.
func (a *actor) voted(e distlock.Event) {
	start := a.stage.now() - e.Elapsed
	if e.Op == "extend" && a.asked.Load() == 0 && start > time.Duration(a.renewal.Load()) { // else it comes late
		a.stage.begin(Op{Kind: OpRenew, Client: a.Name, Key: e.Key, Token: e.Token, Start: start})
	}
}

// renewed is a hook: an extension ended. Those that were asked for are recorded by who
// asked.
func (a *actor) renewed(e distlock.Event) {
	if int64(e.TTL) == a.asked.Load() {
		return
	}
	defer a.renewal.Store(int64(a.stage.now()))
	a.end(Op{
		Kind: OpRenew, Client: a.Name, Key: e.Key, Token: e.Token, Fencing: e.FencingToken,
		Start: a.stage.now() - e.Elapsed, TTL: e.TTL, Until: a.at(e.ValidUntil),
	}, e.Err)
}
