package chaos

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// A lease is one acquisition that succeeded, and what became of it.
type lease struct {
	acquire  *Op
	called   time.Duration // the attempt that succeeded began no earlier
	changes  []*Op         // extensions and renewals, of whatever outcome, by Start
	reach    []time.Duration
	done     []*Op         // those of changes that succeeded, by End
	releases []*Op         // by Start
	over     time.Duration // when the holder gave it up, or was told that it is lost
	seen     time.Duration // when the last operation under it was over
	cutOff   bool          // its holder was killed within an operation, and that was recorded
}

// called returns a moment before which the acquisition's last attempt did not begin:
// its lease counts from before its first request. A client that stood still may have
// looked at the lease after a renewal, and only the call itself is certain.
func (c *checker) called(o *Op) time.Duration {
	if o.Until == 0 || o.TTL == 0 || c.paused(o.Client, o.Start, o.End) {
		return o.Start
	}
	return max(o.Start, min(o.Until-wholeMillis(o.TTL), o.End))
}

func (l *lease) add(o *Op) {
	l.seen = max(l.seen, o.End)
	l.cutOff = l.cutOff || o.Outcome == Unknown
	switch o.Kind {
	case OpExtend, OpRenew:
		l.changes = append(l.changes, o)
		if o.Outcome == Done {
			l.done = append(l.done, o)
		}
	case OpRelease:
		l.releases = append(l.releases, o)
	case OpAcquire, OpOpen, OpWrite, OpAdd, OpSignal:
	}
	if o.endsLease() {
		end := o.End
		if o.Kind == OpRelease {
			end = o.Start
		}
		if l.over == 0 || end < l.over {
			l.over = end
		}
	}
}

// endsLease reports whether the holder gave the lease up, or was told that it is lost.
func (o *Op) endsLease() bool {
	switch o.Kind {
	case OpRelease, OpSignal:
		return true
	case OpExtend, OpRenew:
		return o.Outcome == Lost
	default:
		return false
	}
}

// sort brings the operations into order once all are added.
func (l *lease) sort() {
	byStart := func(a, b *Op) int { return cmp.Compare(a.Start, b.Start) }
	slices.SortStableFunc(l.changes, byStart)
	slices.SortStableFunc(l.releases, byStart)
	slices.SortStableFunc(l.done, func(a, b *Op) int { return cmp.Compare(a.End, b.End) })
	if l.over == 0 {
		l.over = forever
	}
	until := l.acquire.Until
	l.reach = make([]time.Duration, len(l.changes))
	for i, o := range l.changes {
		if o.Outcome == Done {
			until = max(until, o.Until)
		}
		l.reach[i] = until
	}
}

// killed ends the lease of a holder that was killed: where the last thing that it was
// seen to do was over, as it may have released it since. That is certain not to be
// where it is known what it was killed in.
func (l *lease) killed() {
	if len(l.releases) == 0 && !l.cutOff {
		l.over = min(l.over, l.seen)
	}
}

// until returns the latest end that the lease may have had for its holder at a moment,
// from what was begun before it.
func (l *lease) until(at time.Duration) time.Duration {
	begun := sort.Search(len(l.changes), func(i int) bool { return l.changes[i].Start > at })
	if begun == 0 {
		return l.acquire.Until
	}
	return l.reach[begun-1]
}

// confirmed returns the latest moment before which nothing that befell a node can be
// why the lease's key was gone from it at a later moment: the call of the attempt, or of
// the last extension that had ended by then, in which a quorum had the key once more.
func (l *lease) confirmed(by time.Duration) time.Duration {
	ended := sort.Search(len(l.done), func(i int) bool { return l.done[i].End > by })
	if ended == 0 {
		return l.called
	}
	return max(l.called, l.done[ended-1].Start)
}

// A window is a time in which a lease was its holder's without doubt.
type window struct {
	l        *lease
	from, to time.Duration
}

// windows returns when the lease was held: from the grant to the end that was last
// confirmed, which an extension moves only once it has succeeded; and no longer than
// until the holder gave it up or was told that it is lost. Where an extension came
// after the end (which is for I6 to judge) there are two.
func (l *lease) windows() []window {
	var all []window
	w := window{l, l.acquire.End, l.acquire.Until}
	add := func() {
		if w.to = min(w.to, l.over); w.to > w.from {
			all = append(all, w)
		}
	}
	for _, o := range l.done {
		if o.End <= w.to {
			w.to = max(w.to, o.Until)
			continue
		}
		add()
		w = window{l, o.End, o.Until}
	}
	add()
	return all
}

// holds reports whether the lease was held all through an operation.
func (l *lease) holds(o *Op) bool {
	for _, w := range l.windows() {
		if w.from <= o.Start && o.End <= w.to {
			return true
		}
	}
	return false
}
