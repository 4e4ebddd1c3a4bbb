package chaos

import "time"

// A leaseEnd is what ended the window of a lease.
type leaseEnd int

const (
	leaseReleased  leaseEnd = iota // its holder called for its release
	leaseRanOut                    // its time was over
	leaseLost                      // the nodes said so, on an extension or a renewal
	leaseSignalled                 // its holder saw Done closed
	leaseHeld                      // it was held when the history ended
)

// A drawnLease is the window in which a client believed to hold a key: from the grant
// to until, to the call of its release, or to its loss, whichever came first.
type drawnLease struct {
	key, client string
	from, to    time.Duration
	until       time.Duration // after the last extension
	how         leaseEnd
	fencing     int64
	extended    int
	op          int // the acquisition, in History.Ops
}

// leaseName tells one lease from all others.
type leaseName struct {
	key, token, client string
	fencing            int64
}

func (o *Op) lease() leaseName {
	if o.Token != "" {
		return leaseName{key: o.Key, token: o.Token}
	}
	return leaseName{key: o.Key, client: o.Client, fencing: o.Fencing}
}

// leasesOf returns the leases of h in the order of their acquisitions. It is for
// eyes: what must hold of windows is for the checkers to say.
func leasesOf(h *History) []drawnLease {
	var all []drawnLease
	byName := make(map[leaseName]int)
	for i := range h.Ops {
		o := &h.Ops[i]
		if o.Kind == OpAcquire && o.Outcome == Done {
			byName[o.lease()] = len(all)
			all = append(all, drawnLease{
				key: o.Key, client: o.Client, from: o.End, until: o.Until, fencing: o.Fencing, how: leaseRanOut, op: i,
			})
		}
	}
	for i := range h.Ops { // what lengthens comes first: the order of records is not that of calls
		o := &h.Ops[i]
		l, ok := byName[o.lease()]
		if ok && (o.Kind == OpExtend || o.Kind == OpRenew) && o.Outcome == Done {
			all[l].until = max(all[l].until, o.Until)
			all[l].extended++
		}
	}
	for i := range all {
		all[i].to = max(all[i].from, all[i].until)
	}
	for i := range h.Ops {
		if l, ok := byName[h.Ops[i].lease()]; ok {
			all[l].endBy(&h.Ops[i])
		}
	}
	for i := range all {
		if all[i].to > h.Elapsed {
			all[i].to, all[i].how = h.Elapsed, leaseHeld
		}
	}
	return all
}

// endBy ends the window where the operation did so sooner than it ends.
func (l *drawnLease) endBy(o *Op) {
	switch {
	case o.Kind == OpRelease && o.Start <= l.to:
		l.to, l.how = o.Start, leaseReleased
	case o.Kind == OpSignal && o.End < l.to:
		l.to, l.how = o.End, leaseSignalled
	case (o.Kind == OpExtend || o.Kind == OpRenew) && o.Outcome == Lost && o.End < l.to:
		l.to, l.how = o.End, leaseLost
	}
}
