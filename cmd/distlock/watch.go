package main

import (
	"os"
	"time"

	"github.com/lilith/distlock"
)

// A watch stands over a running command until its end.
type watch struct {
	process *process
	signals <-chan os.Signal
	grace   time.Duration
	say     func(text string)
}

// lookAgain is how often a group is looked at whose leader has ended while others
// of it may have been left behind.
const lookAgain = 10 * time.Millisecond

// untilEnd passes signals on until the process ends. When the lease is lost it
// ends the process, and everything in its group, at the latest after the grace,
// says so and returns true.
//
// A group whose leader ends in time while the lease is held is left alone: what a
// command leaves running behind it is its own business.
func (w *watch) untilEnd(handle *distlock.Handle) (told bool) {
	defer w.process.settle()
	lost, exited := handle.Done(), w.process.exited
	var kill <-chan time.Time // from the loss on
	var poll <-chan time.Time // from the leader's end on
	killed := false
	end := func() {
		lost = nil
		w.say(handle.Err().Error())
		w.say("ending the command")
		w.process.terminate()
		kill = time.After(w.grace)
	}
	for {
		select {
		case sig := <-w.signals:
			w.process.pass(sig)
		case <-lost:
			end()
		case <-exited:
			if lost != nil {
				select {
				case <-lost: // at the same moment
					end()
				default:
					return false
				}
			}
			if killed {
				return true // what is left of the group then cannot be waited for
			}
			exited = nil
			ticker := time.NewTicker(lookAgain)
			defer ticker.Stop()
			poll = ticker.C
		case <-poll:
			if !w.process.groupLives() {
				return true
			}
		case <-kill:
			kill, killed = nil, true
			w.say("killing the command: it has not ended within " + w.grace.String())
			w.process.kill()
			if exited == nil {
				return true
			}
		}
	}
}
