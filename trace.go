package distlock

import "time"

// Trace has hooks that a [Locker] calls as things happen, in the manner of
// net/http/httptrace. Any of them may be nil, which costs nothing. They run on
// the goroutine where the thing happened, so a slow hook slows the lock down;
// Vote and Lost may also run on goroutines of the library. They must be safe for
// concurrent use. All but Vote may call methods of the Locker and of handles; Vote
// runs in the middle of a request, and must not. None may panic: what it was told of
// would be left as it stands.
type Trace struct {
	// Waiting: an attempt failed and the next comes after Event.Delay. Err is
	// the verdict, Attempt the one that failed.
	Waiting func(Event)

	// Attempt: an attempt to acquire ended after Event.Elapsed. Err is nil or
	// the verdict.
	Attempt func(Event)

	// Vote: one node answered, or failed to, as Event.Vote tells. It is called
	// for late answers too, after the operation has returned.
	Vote func(Event)

	// Acquired: a lease was granted, Event.Elapsed after the call.
	Acquired func(Event)

	// Extended: an extension, asked for or automatic, ended. Err is nil, or why
	// it did not succeed.
	Extended func(Event)

	// Lost: a lease ended before it was released. Err tells how.
	Lost func(Event)

	// Released: a release ended. Err is nil, or what Release returned.
	Released func(Event)
}

// An Event is what a hook of [Trace] is told. Fields that do not apply are zero.
type Event struct {
	Key          string        // as the caller wrote it, without the prefix
	Token        string        // not of Waiting, nor of the Vote of an inspection
	FencingToken int64         // of Acquired, Extended, Lost and Released
	Op           string        // of Vote: "acquire", "extend", "release" or "inspect"
	Attempt      int           // from 1; of Waiting, Attempt, Acquired, and the Vote of an acquisition
	Elapsed      time.Duration // not of Waiting and Lost
	Delay        time.Duration // of Waiting
	TTL          time.Duration // that was asked for; not of Vote
	ValidUntil   time.Time     // of Acquired, Extended and Lost; of Released, when it was over at the latest
	Vote         Vote          // of Vote
	Err          error         // nil where all went well
}

func (l *Locker) onVote(key, token, op string, attempt int) func(Vote) {
	hook := l.trace.Vote
	if hook == nil {
		return nil
	}
	return func(v Vote) {
		hook(Event{Key: key, Token: token, Op: op, Attempt: attempt, Elapsed: v.Latency, Vote: v, Err: v.Err})
	}
}
