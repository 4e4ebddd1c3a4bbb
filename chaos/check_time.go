package chaos

import "time"

// checkBounds: each operation ends by its bound, I8.
func (c *checker) checkBounds() {
	for i := range c.h.Ops {
		o := &c.h.Ops[i]
		took := o.End - o.Start
		if o.Bound > 0 && took > o.Bound+c.late(o) && o.Outcome != Unknown && !c.paused(o.Client, o.Start, o.End) {
			c.violated("I8", o.Key, o.End, []*Op{o}, "%s of %s by %s took %v, and may take %v",
				o.Kind, o.Key, o.who(), tell(took), o.Bound)
		}
		if took < 0 {
			c.violated("I8", o.Key, o.End, []*Op{o}, "%s of %s by %s ended at %v, before it began at %v: the history is broken",
				o.Kind, o.Key, o.who(), tell(o.End), tell(o.Start))
		}
	}
}

// late is how long after its bound an operation may end: on a machine that is busier than
// usual, each of its attempts may be late.
func (c *checker) late(o *Op) time.Duration {
	busier := max(0, c.l.Slack-slack)
	return c.l.Slack + time.Duration(max(0, o.Attempts-1))*busier
}

// wakeDelay is how long after a suspend of its machine a client may take to notice that
// a lease has ended, which Handle.Done promises: timers stand still meanwhile.
const wakeDelay = time.Second

// checkSignals: who watches a lease is told of its end in time, I10.
func (c *checker) checkSignals() {
	for i := range c.h.Ops {
		o := &c.h.Ops[i]
		if o.Kind != OpSignal || o.Outcome == Unknown {
			continue
		}
		until := o.Until
		if l := c.leases[o.Token]; until == 0 && l != nil {
			until = l.until(o.End)
		}
		if until != 0 && o.End > until+c.l.Slack && !c.paused(o.Client, until-wakeDelay, o.End) {
			c.violated("I10", o.Key, o.End, []*Op{o}, "the lease of %s on %s ended at %v, and that was signalled at %v",
				o.who(), o.Key, tell(until), tell(o.End))
		}
	}
}

// checkLife: once all faults are healed, each key that somebody asks for is acquired, or
// held on to, within LiveWithin: I9. It tells only of keys for which somebody was still
// asking towards the end of that time, or after it, in vain.
func (c *checker) checkLife() {
	from, to := c.h.Healed, c.h.Healed+c.l.LiveWithin
	if c.l.LiveWithin <= 0 || c.h.Elapsed < to || from == 0 && len(c.h.Injections) > 0 {
		return
	}
	within := func(o *Op) bool { return o.Outcome == Done && o.End >= from && o.End <= to+c.l.Slack }
	for _, k := range c.keys {
		live := false
		var asked *Op
		for _, o := range k.acquires {
			live = live || within(o)
			if o.Outcome != Done && o.Outcome != Unknown && o.Start <= to && o.End >= to-c.l.LiveWithin/4 {
				asked = o
			}
		}
		for _, l := range k.leases {
			for _, o := range l.done {
				live = live || within(o)
			}
			live = live || l.acquire.End <= from && min(l.until(from), l.over) >= to
		}
		if !live && asked != nil {
			c.violated("I9", k.key, to, []*Op{asked}, "nobody acquired %s from %v, when all was healed, to %v; %s asked from %v to %v: %s",
				k.key, tell(from), tell(to), asked.who(), tell(asked.Start), tell(asked.End), asked.Outcome)
		}
	}
}

// checkLevels: what the process had is back to what it was, I11.
func (c *checker) checkLevels() {
	for _, l := range c.h.Levels {
		if l.After > l.Before {
			c.violated("I11", "", c.h.Elapsed, nil, "%s: %d before, and %d after", l.What, l.Before, l.After)
		}
	}
}
