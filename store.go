package distlock

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// A Store says to the nodes what a [Locker] decides. It is the seam between a
// lock's life, which is this package's, and what is said to Redis: packages
// single and redlock implement it, and so does an in-memory one in the tests.
//
// A method asks all nodes, gives each Request.NodeTimeout, and returns as soon
// as the verdict is certain. When ctx ends it returns what it knows at that
// moment. It cleans up behind its own failures in the background: a failed
// Acquire leaves no key on a node that answers. Methods are safe for concurrent
// use; Release works after Close.
type Store interface {
	// Acquire sets the key on the nodes where it is free: Agreed with the
	// fencing token, or Denied, Unanswered or Rejected.
	Acquire(ctx context.Context, req Request) Result

	// Extend makes the key last at least req.TTL where it is still
	// req.Token's: Agreed, or Denied where a majority has lost it.
	Extend(ctx context.Context, req Request) Result

	// Release deletes the key where it is req.Token's: Agreed where a majority
	// had it, Denied where it was gone before.
	Release(ctx context.Context, req Request) Result

	// HandOver releases the lock as Release does and acquires it as Acquire does for
	// req.Successor, in one step at each node that nobody else can come between. It
	// returns how the release went, Release's own verdicts, and has granted called once
	// with how the acquisition went: before it returns, or later where that took longer.
	HandOver(ctx context.Context, req Request, granted func(Result)) Result

	// Await has wake called whenever the lock on req.Key may have become free, from
	// other goroutines, perhaps for no reason, until stop is called. It is a hint: what
	// gets lost costs its waiter no more than his next look. Where there are no
	// notifications it does nothing. A later Await for the key takes the place of an
	// earlier one, whose stop then ends that one alone.
	Await(req Request, wake func()) (stop func())

	// Inspect looks without touching: Agreed where a majority answered, with
	// Owner, FencingToken and Remaining of who holds a majority. It waits for
	// every node, unless req.OwnerOnly.
	Inspect(ctx context.Context, req Request) Result

	// Close ends background work within two seconds.
	Close() error
}

// A Request is what a [Locker] asks of a [Store]. Fields that an operation does
// not need are zero.
type Request struct {
	Key          string        // on the wire, with the prefix
	Token        string        // of this attempt
	TTL          time.Duration // in whole milliseconds
	NodeTimeout  time.Duration
	RestartGuard time.Duration // Acquire, and the repair of an Extend: 0 for none

	// FencingToken is a lower bound for a new token at Acquire, the lease's own
	// token at Extend, and 0 without fencing.
	FencingToken int64

	// RepairTTL, at Extend, is the length for a minority that gets the key anew:
	// TTL, or what the lease has left where that is longer.
	RepairTTL time.Duration

	// Held, at Extend, reports whether the lease is still held: nothing may be
	// set for it any more once it is not. It does not block.
	Held func() bool

	// Abandon, at Release: the grant was never confirmed, so a tombstone must keep
	// a request still on its way from setting the key.
	Abandon bool

	// Repeated, at Release: an earlier release went unanswered, so a key that is
	// missing, or another's by now, may be its work and counts as released.
	Repeated bool

	// Successor, at HandOver, is what to acquire the same key with: Token, TTL,
	// NodeTimeout, RestartGuard, FencingToken and OnVote are its own.
	Successor *Request

	// Wake, at Release, and at Acquire for what a failed one gives back: who waits
	// elsewhere is told that the lock is free.
	Wake bool

	// Waited, at Await: for how long so far. TTL there is how long the place in the
	// queue is kept.
	Waited time.Duration

	// OwnerOnly, at Inspect: who has the lock is all that is asked, so that nodes
	// which cannot change the answer need not be waited for.
	OwnerOnly bool

	// OnVote, where not nil, is told each node's answer as it comes, also after
	// the verdict, then from other goroutines.
	OnVote func(Vote)
}

// A Result is a [Store]'s answer.
type Result struct {
	Verdict Verdict
	Votes   []Vote // of every node, in the order of the clients

	Woken bool // Release: somebody elsewhere was told that the lock is free

	FencingToken int64         // Acquire, Inspect; 0 without fencing
	Held         bool          // Inspect: one owner holds a majority
	Owner        string        // Inspect: the owner's token
	Remaining    time.Duration // Inspect: of the owner's lease; a failed Acquire: until a majority may grant it; 0 where unknown
}

// A Verdict is what the nodes together said.
type Verdict uint8

// Verdicts. The zero value is the one that promises nothing.
const (
	Unanswered Verdict = iota // no majority gave a usable answer
	Agreed                    // a majority said yes
	Denied                    // a majority answered, and too few said yes
	Rejected                  // a majority answered with an error that retrying cannot mend
)

func (v Verdict) err() error {
	switch v {
	case Agreed:
		return nil
	case Denied:
		return ErrHeld
	case Rejected:
		return ErrRejected
	default:
		return ErrUnavailable
	}
}

// An Outcome is what one node said to one request.
type Outcome uint8

// Outcomes. The zero value is the one that promises nothing.
const (
	Unreachable Outcome = iota // no answer in time, an error, or not awaited, as Err tells
	Granted                    // yes
	Refused                    // no: another owner has the key, or nobody
	Abstained                  // no vote: the node restarted too short a time ago
)

func (o Outcome) String() string {
	switch o {
	case Granted:
		return "granted"
	case Refused:
		return "refused"
	case Abstained:
		return "abstained"
	default:
		return "unreachable"
	}
}

// A Vote is one node's answer to one request.
type Vote struct {
	Node      string        // address, or "node N" where the client tells none
	Outcome   Outcome       //
	Latency   time.Duration // from the request to the answer or to giving up
	Remaining time.Duration // of the present owner's lease, when refused; 0 where nobody has one or it never ends
	Err       error         // what the node or the network said, when unreachable or abstained
}

// String tells the vote in one line, the way errors list it. A node that was given
// up without an answer has no latency, and its Err says all there is.
func (v Vote) String() string { return v.tell(v.Outcome.String()) }

// tell is String with another word for the outcome.
func (v Vote) tell(outcome string) string {
	if v.Outcome == Unreachable && v.Latency == 0 && v.Err != nil {
		return v.Node + ": " + v.Err.Error()
	}
	var answer interface{ RedisError() } // as go-redis marks what the server said
	if v.Outcome == Unreachable && errors.As(v.Err, &answer) {
		outcome = "error" // it was reached
	}
	s := v.Node + ": " + outcome
	if v.Latency > 0 {
		s += fmt.Sprintf(" after %v", v.Latency.Round(time.Microsecond))
	}
	if v.Remaining > 0 {
		s += fmt.Sprintf(", owner's lease ends in %v", v.Remaining)
	}
	if v.Err != nil {
		s += ": " + v.Err.Error()
	}
	return s
}

// A Status is what a look at the nodes showed.
type Status struct {
	Locked       bool          // one owner holds the key, on a quorum on a majority
	Token        string        // the owner's; "" where none has a majority
	FencingToken int64         // the key's counter: the owner's token, if the owner uses fencing; 0 where nobody owns it or too few nodes agree
	Remaining    time.Duration // of the owner's lease
	Votes        []Vote        // each node's view: Refused where somebody owns the key, Granted where it is free
}
