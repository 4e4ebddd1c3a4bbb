package chaos

import (
	"cmp"
	"slices"
)

// mostOpen bounds how many windows, of those that are open at once, a new one is
// compared with: those that reach furthest. It is far above what a lock that works
// at all lets come about.
const mostOpen = 64

// checkOverlaps finds leases of one key that were held at once: I1.
//
// Windows can only be recorded too short: a grant is recorded after it was given, a
// release before it is asked for, a new end once it is confirmed. So no slack is
// allowed. Where the client stood still before it could record, its window is short
// or empty; that a paused holder goes on beyond its lease is no overlap of leases.
//
// An overlap is excused only where an assumption was broken while it could matter,
// which is when one of the two, B, could come by a node's vote that the other, A, still
// counted on. A quorum had A's key at some moment after A's last attempt began, and
// again after each extension that succeeded was called; B's votes had been given by
// the time B had its lease. So a fault matters only if it was on at some time between
// the call of A's last extension that had ended before B's attempt began (or of A's
// own last attempt), and B's grant. Before that A's keys were set anew, whatever had
// gone before; after it the harm is done. Faults that last, such as a clock that runs
// too fast, count for as long as they last. Which of the two was A the grants do not
// tell: the answer that the first was waiting for may have come after the second's.
func (c *checker) checkOverlaps() {
	for _, k := range c.keys {
		var all []window
		for _, l := range k.leases {
			all = append(all, l.windows()...)
		}
		slices.SortStableFunc(all, func(a, b window) int { return cmp.Compare(a.from, b.from) })
		var open []window
		for _, w := range all {
			open = slices.DeleteFunc(open, func(o window) bool { return o.to <= w.from })
			for _, o := range open {
				if o.l != w.l {
					c.overlap(o, w)
				}
			}
			open = append(open, w)
			if len(open) > mostOpen {
				least := 0
				for i := range open {
					if open[i].to < open[least].to {
						least = i
					}
				}
				open = slices.Delete(open, least, least+1)
			}
		}
	}
}

// overlap judges two windows of which the second opened within the first.
func (c *checker) overlap(first, second window) {
	a, b := first.l, second.l
	to := min(first.to, second.to)
	text := "%s held %s from %v to %v (token %s), and %s from %v to %v (token %s): both for %v"
	args := []any{
		a.acquire.who(), a.acquire.Key, tell(first.from), tell(first.to), a.acquire.Token,
		b.acquire.who(), tell(second.from), tell(second.to), b.acquire.Token, tell(to - second.from),
	}
	if in := c.excuse(a, b); in != nil {
		c.found.Overlaps++
		c.demonstrated(in.Breaks, second.from, text+"; %s had broken what leases rest on; fencing tokens %d and %d tell them apart",
			append(args, in.Fault, a.acquire.Fencing, b.acquire.Fencing)...)
		return
	}
	c.violated("I1", a.acquire.Key, second.from, []*Op{a.acquire, b.acquire}, text, args...)
}

// excuse returns a fault that may be why two leases were granted of which each was held
// while the other was, or nil; see checkOverlaps.
func (c *checker) excuse(a, b *lease) *Injection {
	if in := c.robbed(a, b); in != nil {
		return in
	}
	return c.robbed(b, a)
}

// robbed returns a fault that may be why b got a vote that a counted on.
func (c *checker) robbed(a, b *lease) *Injection {
	return c.breaks.touching(a.confirmed(b.called)-c.l.Slack, b.acquire.End+c.l.Slack)
}
