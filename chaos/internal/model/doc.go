// Package model is the lock protocol as a pure state machine: nodes, clients and a
// network that may do its worst, without Redis, without time, without goroutines.
// [Explore] visits every state of a small configuration, [Walk] walks at random
// through a larger one, and both check after every step that what the protocol
// promises holds. It is the scripts and the decisions of packages scripts, redlock
// and node written down a second time, so a change there is to be made here too.
//
// Use the histories and checkers of package chaos to test the library itself: this
// package says only that the protocol is right, not that the code follows it.
//
// # What may happen
//
// A request stays on its way for as long as it likes, for ever included: losing it
// needs no step of its own. An answer is heard, or not, or too late. A second copy
// of an acquire request is sent while the attempt is open, as the library does when
// a connection breaks, and comes in any order with the first and with the release.
// Accept, extend and release requests may be carried out as late copies at any time.
// Keys expire, and nodes forget everything.
//
// A holder may hand the lock on to one who waits in its process: one request then
// releases the one's key and is the other's acquire request, with second copies as any.
//
// A client is what runs one attempt at a time. Nothing of it outlives an attempt but
// its hint, which the model leaves to [Hint]; so attempts are not told apart by
// client, only never more than Config.Clients of them are open at once.
//
// # Time
//
// With Config.FreeExpiry a key may vanish at any step: what is left is the fencing,
// which must need no clock. Without it there is as much time as mutual exclusion
// needs. Each attempt has a first end, that of its validity, and one more for each
// extension, counted from its sending. A key outlives the ends up to that of the
// last request which lengthened it, and may vanish at any step once that end has
// passed; the client gives up, or stops believing, before it passes. An end that
// does not matter is not modelled: it passes when the attempt is over.
//
// # How it is kept small
//
// A step is a step only where it changes something that can matter. A request that
// would be refused, and whose refusal nobody waits for, is as good as lost. An answer
// is one of two kinds from the moment it is given: heard in time for the decision, or
// late; what a client knows and has not acted on nobody else can see, so that it is
// the time of the decision that matters, and decisions wait as long as they like.
// A client gives up at any step, which covers every reason for giving up. What can
// make no difference any more is erased after each step, and states that differ in
// the names of nodes and attempts alone are one.
//
// # Limits
//
// A tombstone outlives the copies that it is for. Two extensions of one lease do not
// overlap. A node forgets all or nothing: one that came back with some of its keys
// is not modelled, and is less bad, as only what it forgot misleads it.
package model
