package chaos

import (
	"time"

	"github.com/lilith/distlock"
)

// Trace returns hooks that record what a Locker does, for a program under test that is
// known as client in the history: set them as Config.Trace of its Locker, one set for
// each. Leases, extensions (the automatic ones too), releases and losses are recorded as
// they end, and so is each attempt to acquire that failed, as an acquisition of its own.
// What the lock guards is not; Record that with Op where it should be checked.
func (r *Recorder) Trace(client string) *distlock.Trace {
	record := func(kind OpKind, e distlock.Event) {
		now := r.now()
		o := Op{
			Client: client, Kind: kind, Key: e.Key, Token: e.Token, Fencing: e.FencingToken, TTL: e.TTL,
			Start: max(now-e.Elapsed, 0), End: now, Outcome: OutcomeOf(e.Err),
		}
		if !e.ValidUntil.IsZero() {
			o.Until = r.at(e.ValidUntil)
		}
		switch kind {
		case OpAcquire:
			o.Attempts = e.Attempt
		case OpRelease:
			if o.Outcome != Lost {
				o.Start = min(o.Start, o.Until) // however late the hook was run
			}
			o.Until = 0
		}
		if e.Err != nil {
			o.Err = e.Err.Error()
		}
		r.Op(o)
	}
	return &distlock.Trace{
		Attempt: func(e distlock.Event) {
			if e.Err != nil {
				record(OpAcquire, e)
			}
		},
		Acquired: func(e distlock.Event) { record(OpAcquire, e) },
		Extended: func(e distlock.Event) { record(OpExtend, e) },
		Lost:     func(e distlock.Event) { record(OpSignal, e) },
		Released: func(e distlock.Event) { record(OpRelease, e) },
	}
}

// at is t by the time of the history.
func (r *Recorder) at(t time.Time) time.Duration {
	now := r.now() // first, so that it comes out no later than it is
	return now + time.Until(t)
}
