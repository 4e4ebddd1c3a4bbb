package node

import (
	"fmt"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/scripts"
)

// A Call is one request, in the form it has on the wire: made once, asked of every
// node, read-only from then on.
type Call struct {
	script  *scripts.Script
	args    []any     // of EVALSHA, its name included; strings by their addresses
	space   [12]any   // what args lies in: one allocation, and two left for a guard
	words   [7]string // what args points to, so that no string is boxed
	key     string
	timeout time.Duration
	guard   time.Duration // restart guard, 0 for none
	sets    bool          // it may set the key
	repairs bool          // it is a second request of this token that may
	token   string

	// Wanted, where not nil, tells whether the call is still worth a second copy
	// after a broken connection. It must say no once the lock may have been
	// released.
	Wanted func() bool
}

func newCall(s *scripts.Script, req *distlock.Request, keys int, argv ...string) *Call {
	c := &Call{script: s, key: req.Key, token: req.Token, timeout: req.NodeTimeout}
	c.args = append(c.space[:0], "evalsha", s.SHAArg, keys)
	words := c.words[:]
	if len(argv) > len(words) {
		words = make([]string, len(argv)) // a hand-over
	}
	for i := range argv {
		words[i] = argv[i]
		c.args = append(c.args, &words[i])
	}
	return c
}

// plain returns args as a user's hook expects them, strings and no addresses.
func plain(args []any) []any {
	p := slices.Clone(args)
	for i, arg := range p {
		if word, ok := arg.(*string); ok {
			p[i] = *word
		}
	}
	return p
}

// millis returns d in milliseconds, in digits. Nearly always it is the same TTL.
func millis(d time.Duration) string {
	if known := latestMillis.Load(); known != nil && known.d == d {
		return known.digits
	}
	m := &milliseconds{d, strconv.FormatInt(d.Milliseconds(), 10)}
	latestMillis.Store(m)
	return m.digits
}

type milliseconds struct {
	d      time.Duration
	digits string
}

var latestMillis atomic.Pointer[milliseconds]

// Acquire asks for the lock. A FencingToken of 0 is no fencing.
func Acquire(req *distlock.Request) *Call {
	var c *Call
	if req.FencingToken > 0 {
		fence, tombstone := scripts.Companions(req.Key, req.Token)
		c = newCall(scripts.Acquire, req, 3, req.Key, tombstone, fence,
			req.Token, millis(req.TTL), strconv.FormatInt(req.FencingToken, 10))
	} else {
		c = newCall(scripts.Acquire, req, 2, req.Key, scripts.TombstoneKey(req.Key, req.Token),
			req.Token, millis(req.TTL), "0")
	}
	c.guard, c.sets = req.RestartGuard, true
	return c
}

// Repair sets the lock again where it is free, for a holder that a quorum has
// just confirmed. The guard is asked as for any acquisition: a node that restarted
// may have forgotten whom it has granted the lock since, and who still counts on it.
func Repair(req *distlock.Request) *Call {
	c := Acquire(req)
	c.repairs = true
	return c
}

// Accept proposes token as the fencing token of a lock just granted.
func Accept(req *distlock.Request, token int64) *Call {
	return newCall(scripts.Accept, req, 2, req.Key, scripts.FenceKey(req.Key),
		req.Token, strconv.FormatInt(token, 10), millis(req.TTL))
}

// Extend lengthens the lock.
func Extend(req *distlock.Request) *Call {
	if req.FencingToken > 0 {
		return newCall(scripts.Extend, req, 2, req.Key, scripts.FenceKey(req.Key), req.Token, millis(req.TTL))
	}
	return newCall(scripts.Extend, req, 1, req.Key, req.Token, millis(req.TTL))
}

// newQueueCall puts entry into the queue of who waits for key, or, where it is "", has
// the next in it told if the lock is free. Granted is the answer where it is.
func newQueueCall(key, entry string, waited, kept, timeout time.Duration) *Call {
	req := &distlock.Request{Key: key, NodeTimeout: timeout}
	return newCall(scripts.Queue, req, 2, key, scripts.QueueKey(key),
		entry, strconv.FormatInt(waited.Microseconds(), 10), millis(kept))
}

// abandoned is the release script's argument for a tombstone in any case.
const abandoned = "1"

// Release deletes the lock; with req.Abandon it leaves a tombstone in any case, with
// req.Wake the next in the queue of who waits elsewhere is told.
func Release(req *distlock.Request) *Call {
	abandon := "0"
	if req.Abandon {
		abandon = abandoned
	}
	tombstone := scripts.TombstoneKey(req.Key, req.Token)
	if req.Wake {
		// The entry that is not to be told each node fills in.
		return newCall(scripts.Release, req, 3, req.Key, tombstone, scripts.QueueKey(req.Key),
			req.Token, millis(req.TTL), abandon, "")
	}
	return newCall(scripts.Release, req, 2, req.Key, tombstone, req.Token, millis(req.TTL), abandon)
}

// releaseAbandon is where a release's arguments have whether it leaves a tombstone in
// any case, from the number of keys on.
const releaseAbandon = 3

// HandOver releases the lock for req and acquires it for req.Successor, in one step.
func HandOver(req *distlock.Request) *Call {
	next := req.Successor
	abandon := "0"
	if req.Abandon {
		abandon = abandoned
	}
	old, granted := scripts.TombstoneKey(req.Key, req.Token), scripts.TombstoneKey(req.Key, next.Token)
	var c *Call
	if next.FencingToken > 0 {
		c = newCall(scripts.HandOver, next, 4, req.Key, old, granted, scripts.FenceKey(req.Key),
			req.Token, millis(req.TTL), abandon,
			next.Token, millis(next.TTL), strconv.FormatInt(next.FencingToken, 10))
	} else {
		c = newCall(scripts.HandOver, next, 3, req.Key, old, granted,
			req.Token, millis(req.TTL), abandon, next.Token, millis(next.TTL), "0")
	}
	c.guard, c.sets = next.RestartGuard, true
	// A successor in more of a hurry must not cost the release its answer.
	c.timeout = max(req.NodeTimeout, next.NodeTimeout)
	return c
}

// Inspect looks at the lock.
func Inspect(req *distlock.Request) *Call {
	return newCall(scripts.Check, req, 2, req.Key, scripts.FenceKey(req.Key))
}

// parse turns a script's answer into a Reply; the heads of the scripts tell the
// forms. An answer of none of them is an error, never a vote.
func (c *Call) parse(value any) Reply {
	switch v := value.(type) {
	case int64:
		switch {
		case c.sets:
			return Reply{Outcome: distlock.Granted, Counter: v}
		case c.script == scripts.Queue:
			return parseQueue(v)
		case v == 1:
			return Reply{Outcome: distlock.Granted}
		case v == 2 && c.script == scripts.Release && len(c.args) > 2 && c.args[2] == any(3):
			return Reply{Outcome: distlock.Granted, Woken: true}
		case v == 0:
			return Reply{Outcome: distlock.Refused, Absent: true}
		}
	case []any:
		if c.script == scripts.Check {
			return parseCheck(v)
		}
		return parseTagged(v)
	}
	return unexpected(value)
}

// parseQueue is of a PTTL.
func parseQueue(pttl int64) Reply {
	if pttl == -2 {
		return Reply{Outcome: distlock.Granted}
	}
	return Reply{Outcome: distlock.Refused, Remaining: remaining(pttl)}
}

func parseTagged(v []any) Reply {
	tag, _ := at[string](v, 0)
	number, isNumber := at[int64](v, 1)
	counter, isCounter := at[int64](v, 2)
	switch {
	case tag == "granted" && isNumber:
		return Reply{Outcome: distlock.Granted, Counter: number}
	case tag == "refused" && isNumber && isCounter:
		return Reply{Outcome: distlock.Refused, Remaining: remaining(number), Counter: counter, Absent: number == -2}
	case tag == "released":
		return Reply{Outcome: distlock.Refused, Absent: true}
	case tag == "abstained":
		return Reply{Outcome: distlock.Abstained}
	}
	return unexpected(v)
}

func parseCheck(v []any) Reply {
	owner, isOwner := at[string](v, 0)
	ttl, isTTL := at[int64](v, 1)
	counter, isCounter := at[int64](v, 2)
	if !isOwner || !isTTL || !isCounter {
		return unexpected(v)
	}
	if ttl == -2 {
		return Reply{Outcome: distlock.Granted, Counter: counter}
	}
	return Reply{Outcome: distlock.Refused, Held: true, Owner: owner, Remaining: remaining(ttl), Counter: counter}
}

func unexpected(value any) Reply {
	return Reply{Err: fmt.Errorf("unexpected answer of a script: %v", value)}
}

// remaining turns a PTTL into a duration: 0 where there is no key (-2) or it
// never expires (-1).
func remaining(pttl int64) time.Duration { return time.Duration(max(pttl, 0)) * time.Millisecond }

func at[T any](v []any, i int) (T, bool) {
	if i >= len(v) {
		var zero T
		return zero, false
	}
	t, ok := v[i].(T)
	return t, ok
}
