package chaos

import (
	"math"
	"time"
)

// checkLeases holds what clients were told of each lease to I5, I6 and I7. A client
// that stood still during an operation may have begun it, or looked at the result, at
// any time in between; where that makes a difference it is given the benefit of it.
func (c *checker) checkLeases() {
	for _, k := range c.keys {
		for _, l := range k.leases {
			if l.acquire.Until != 0 {
				c.checkGrant(l)
				c.checkExtensions(l)
				c.checkReleases(l)
			}
		}
	}
}

// checkGrant: a lease is granted only while it runs, and is no longer than its TTL.
func (c *checker) checkGrant(l *lease) {
	o := l.acquire
	if o.End > o.Until+c.l.Slack && !c.paused(o.Client, o.Start, o.End) {
		c.violated("I7", o.Key, o.End, []*Op{o}, "%s was granted %s at %v, when its lease had ended at %v",
			o.who(), o.Key, tell(o.End), tell(o.Until))
	}
	if latest := c.latest(o); o.Until > latest+c.l.Slack {
		c.violated("I7", o.Key, o.End, []*Op{o}, "%s acquired %s by %v for %v, and may use it until %v: its keys may be gone by %v",
			o.who(), o.Key, tell(o.End), o.TTL, tell(o.Until), tell(latest))
	}
}

// latest returns the latest end that an operation can give a lease. An acquisition's
// last attempt began at some time before its end; an extension was called at its start,
// unless the client stood still.
func (c *checker) latest(o *Op) time.Duration {
	if o.TTL == 0 {
		return forever
	}
	began := o.Start
	if o.Kind == OpAcquire || c.paused(o.Client, o.Start, o.End) {
		began = o.End
	}
	ttl := wholeMillis(o.TTL)
	if c.l.DriftFactor > 0 {
		ttl -= time.Duration(math.Floor(float64(ttl)*c.l.DriftFactor)) + 2*time.Millisecond
	}
	return began + ttl
}

// checkExtensions: an extension never revives a lease, never shortens it, makes it no
// longer than it may, and comes to nothing after a release.
func (c *checker) checkExtensions(l *lease) {
	latest := max(c.latest(l.acquire), l.acquire.Until) // judged by checkGrant
	shown := l.acquire.Until
	ended := 0 // of l.done, by the start of the extension that is looked at
	for i, o := range l.changes {
		if o.Outcome == Done || o.Outcome == Unknown {
			latest = max(latest, c.latest(o))
		}
		if o.Outcome != Done || o.Until == 0 {
			continue
		}
		for ; ended < len(l.done) && l.done[ended].End <= o.Start; ended++ {
			shown = max(shown, l.done[ended].Until)
		}
		before, others := l.acquire.Until, l.acquire.Until
		if i > 0 {
			before = l.reach[i-1]
			others = before
		}
		for _, p := range l.changes[i+1:] { // under way at once
			if p.Start > o.End {
				break
			}
			latest = max(latest, c.latest(p))
			if p.Outcome == Done {
				others = max(others, p.Until)
			}
		}
		c.checkExtension(l, o, before, others, latest, shown)
	}
}

// checkExtension judges one extension that succeeded. The lease's end was, as far as it
// can be known, at most before when it began and at most others when it ended; it can
// be latest now, and had been shown.
func (c *checker) checkExtension(l *lease, o *Op, before, others, latest, shown time.Duration) {
	by, slack := []*Op{o}, c.l.Slack
	switch {
	case o.Start > before+slack:
		c.violated("I6", o.Key, o.End, by, "%s extended %s from %v, when its lease had ended at %v",
			o.who(), o.Key, tell(o.Start), tell(before))
	case o.End > others+slack && !c.paused(o.Client, o.Start, o.End):
		c.violated("I6", o.Key, o.End, by, "%s extended %s by %v, when its lease had ended at %v: the answer came too late",
			o.who(), o.Key, tell(o.End), tell(others))
	case o.Until < shown-slack:
		c.violated("I6", o.Key, o.End, by, "%s extended %s, and its end went back from %v to %v",
			o.who(), o.Key, tell(shown), tell(o.Until))
	case o.Until > latest+slack:
		c.violated("I7", o.Key, o.End, by, "%s extended %s from %v by %v, and may use it until %v: its keys may be gone by %v",
			o.who(), o.Key, tell(o.Start), o.TTL, tell(o.Until), tell(latest))
	}
	// Not from its start, which is recorded before the call: an extension may begin in between.
	if len(l.releases) > 0 && o.Start > l.releases[0].End {
		c.violated("I6", o.Key, o.End, by, "%s extended %s from %v, after its release from %v",
			o.who(), o.Key, tell(o.Start), tell(l.releases[0].Start))
	}
}

// checkReleases: who lost a lease is told so when it is released. Only the first release
// tells: later ones are nil, or tries of the first.
func (c *checker) checkReleases(l *lease) {
	if len(l.releases) == 0 || l.releases[0].Outcome != Done {
		return
	}
	r := l.releases[0]
	if until := l.until(r.Start); until < r.Start-c.l.Slack {
		c.violated("I5", r.Key, r.End, []*Op{r}, "%s was told at %v that it released %s, which it had lost at %v",
			r.who(), tell(r.End), r.Key, tell(until))
		return
	}
	for _, o := range l.changes {
		if o.Outcome == Lost && o.End < r.Start-c.l.Slack {
			c.violated("I5", r.Key, r.End, []*Op{r}, "%s was told at %v that it released %s, and at %v that it had lost it",
				r.who(), tell(r.End), r.Key, tell(o.End))
			return
		}
	}
}
