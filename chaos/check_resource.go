package chaos

import (
	"cmp"
	"slices"
	"time"
)

// checkStale: the fence lets no token through after a newer one, I3. It sees only what
// the order of calls and returns makes certain, of histories of any length; see
// checkOrders for the rest. Writes that the fence refused are counted, and shown.
func (c *checker) checkStale() {
	for _, k := range c.keys {
		called := slices.Clone(k.fenced)
		slices.SortStableFunc(called, func(a, b *Op) int { return cmp.Compare(a.Start, b.Start) })
		ended := slices.DeleteFunc(slices.Clone(k.fenced), func(o *Op) bool { return o.Outcome != Done })
		slices.SortStableFunc(ended, func(a, b *Op) int { return cmp.Compare(a.End, b.End) })
		var newest *Op
		next := 0
		for _, o := range called {
			for ; next < len(ended) && ended[next].End < o.Start; next++ {
				if newest == nil || ended[next].Fencing >= newest.Fencing {
					newest = ended[next]
				}
			}
			switch {
			case o.Outcome == Stale && o.Kind == OpWrite:
				c.found.StaleWrites++
				c.refused(o)
			case o.Outcome == Done && newest != nil && o.isStale(newest):
				c.violated("I3", k.key, o.End, []*Op{newest, o}, "the fence let the %s of %s through at %v with token %d, after that of %s at %v with %d",
					o.Kind, o.who(), tell(o.End), o.Fencing, newest.who(), tell(newest.End), newest.Fencing)
			}
		}
	}
}

// isStale reports whether a fence that has seen newest must refuse o.
func (o *Op) isStale(newest *Op) bool {
	return o.Fencing < newest.Fencing || o.Fencing == newest.Fencing && o.owner() != newest.owner()
}

// owner is whose token the resource is shown.
func (o *Op) owner() string {
	if o.Token == "" {
		return o.Client
	}
	return o.Token
}

// refused shows a write that the fence refused. Where its writer still had the lease
// some fault let another have it too; if none did, that is I1's to tell, or the search
// for an order's.
func (c *checker) refused(o *Op) {
	l := c.leases[o.Token]
	if l != nil && l.holds(o) {
		if in := c.breaks.touching(l.called-c.l.Slack, o.End+c.l.Slack); in != nil {
			c.demonstrated(in.Breaks, o.End, "%s wrote to %s at %v with token %d, within its lease, after %s; a newer token had been there: the fence refused it",
				o.who(), o.Key, tell(o.End), o.Fencing, in.Fault)
			return
		}
	}
	late := "after its lease"
	if l != nil {
		if end := min(l.until(o.Start), l.over); o.End > end {
			late = (o.End - end).Round(time.Microsecond).String() + " after its lease"
		}
	}
	c.demonstrated("", o.End, "%s wrote to %s at %v with token %d, %s; a newer token had been there: the fence refused it",
		o.who(), o.Key, tell(o.End), o.Fencing, late)
}

// checkErasures counts the updates of the unfenced resource that were lost, which needs
// no clock to be seen. Where both holders wrote within their leases, and no assumption
// was broken that excuses an overlap, it violates I1. Where one wrote after its lease,
// because it stood still or did not look, it is what a lease cannot prevent; so it
// must be taken where one was killed before it could tell.
func (c *checker) checkErasures() {
	c.found.LostUpdates = len(c.h.Erased)
	if len(c.h.Erased) == 0 {
		return
	}
	type update struct {
		key   string
		value int64
	}
	adds := make(map[update]*Op)
	for i := range c.h.Ops {
		if o := &c.h.Ops[i]; o.Kind == OpAdd {
			adds[update{o.Key, o.Value}] = o
		}
	}
	for _, e := range c.h.Erased {
		lost, by := adds[update{e.Key, e.Value}], adds[update{e.Key, e.By}]
		if lost == nil || by == nil {
			continue
		}
		a, b := c.leases[lost.Token], c.leases[by.Token]
		if a != nil && b != nil && a != b {
			c.erased(lost, by, a, b)
		}
	}
}

// erased judges an update under lease a that one under lease b undid.
func (c *checker) erased(lost, by *Op, a, b *lease) {
	const text = "%s put %d into %s at %v, and %s, which had not seen it, wrote over it at %v"
	args := []any{lost.who(), lost.Value, lost.Key, tell(lost.End), by.who(), tell(by.End)}
	// Who began after the update had been made saw it, or what another left of it.
	if !a.holds(lost) || !b.holds(by) || b.acquire.End > lost.End {
		c.demonstrated("", by.End, text+"; somebody was past his lease, and no fence stood before it", args...)
		return
	}
	if in := c.excuse(a, b); in != nil {
		c.demonstrated(in.Breaks, by.End, text+"; %s had broken what leases rest on", append(args, in.Fault)...)
		return
	}
	c.violated("I1", lost.Key, by.End, []*Op{lost, by}, text+"; both held the lock", args...)
}
