package chaos

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// checkSightings: no key is left that should be gone, I4, and each will go, I13.
func (c *checker) checkSightings() {
	var after map[string]*cover
	for i := range c.h.Sightings {
		s := &c.h.Sightings[i]
		if s.TTL < 0 {
			c.violated("I13", s.Key, s.At, nil, "%s on %s never expires", s.Key, s.Node)
		}
		switch {
		case strings.HasSuffix(s.Key, ":fence"):
			if n, err := strconv.ParseInt(s.Value, 10, 64); err == nil && n >= maxToken {
				c.violated("I13", s.Key, s.At, nil, "%s on %s is %d, beyond 2^53", s.Key, s.Node, n)
			}
		case strings.Contains(s.Key, ":dead:"), strings.HasSuffix(s.Key, ":queue"), s.Value == "":
			// A tombstone, who waited, or another program's.
		default:
			if after == nil {
				after = make(map[string]*cover)
			}
			if after[s.Node] == nil {
				after[s.Node] = newCover(c.h, func(in *Injection) bool { return in.Node == s.Node || in.Node == "" })
			}
			c.checkLock(s, after[s.Node])
		}
	}
}

// checkLock judges a lock that is still there, on a node which those faults befell.
//
// One that was released, or whose acquisition failed, has been deleted, and its token
// barred, on every node that lives; it is left only where the client that had to see to
// it ended before, or where the node forgot that. Any other is there for as long as its
// TTL, from the last request that may have set it. A request may have been carried
// out late, as long as a fault held it up; and where a clock was moved nothing can be
// said of when a key expires.
func (c *checker) checkLock(s *Sighting, faults *cover) {
	l, acquires := c.leases[s.Value], c.acquiresOf(s.Key)
	whose := "an acquisition that failed"
	if l != nil {
		whose, acquires = l.acquire.who(), []*Op{l.acquire}
	}
	since := c.sentSince(s, faults)
	moved := false
	var live []*Op // that may have set it
	for _, o := range acquires {
		last := o.End
		if l != nil {
			last = l.lastRequest()
		}
		moved = moved || c.movedOn(s.Node, o.Start, s.At)
		if moved || last+c.l.Slack >= since {
			live = append(live, o)
		}
	}
	text := ""
	switch {
	case !moved && s.TTL > c.longest+time.Millisecond:
		text = "may last longer than any lease"
	case len(live) == 0:
		text = "should have expired"
	case !c.mayLinger(s, l, live, faults):
		text = "is nobody's any more"
	default:
		return
	}
	c.violated("I4", s.Key, s.At, acquires[:min(1, len(acquires))], "%s is still on %s at %v, for another %v, and %s: it is of %s (token %s)",
		s.Key, s.Node, tell(s.At), tell(s.TTL), text, whose, s.Value)
}

// sentSince returns the earliest moment at which the request may have been sent that
// set a key which is still there: within the longest lease, or before faults that held
// it up, one after the other.
func (c *checker) sentSince(s *Sighting, faults *cover) time.Duration {
	since := s.At - c.longest - time.Millisecond - c.l.Slack - c.l.Late
	byEnd := slices.Clone(faults.ins)
	slices.SortStableFunc(byEnd, func(a, b *Injection) int { return cmp.Compare(b.End, a.End) })
	for _, in := range byEnd {
		if in.End+c.l.Slack < since {
			break
		}
		since = min(since, in.Start-c.l.Slack)
	}
	return since
}

// mayLinger reports whether a lock that has not expired may be there: it is held, or was
// neither released nor given up, or nobody was left to see it deleted. It is of lease l,
// or, where that is nil, of one of the acquisitions live, which failed.
func (c *checker) mayLinger(s *Sighting, l *lease, live []*Op, faults *cover) bool {
	if l != nil && !slices.ContainsFunc(l.releases, func(r *Op) bool { return r.Outcome == Done && r.End < s.At }) {
		return true
	}
	for _, o := range live {
		if c.l.Late >= wholeMillis(o.TTL) {
			return true // a token is barred for as long as its lease would have lasted
		}
		if l == nil && (o.Outcome == Unknown || o.End >= s.At) || c.crashes.touching(o.Client, o.Start, s.At) {
			return true
		}
		for _, in := range faults.ins {
			if in.End >= o.Start && in.Start <= s.At && (in.Breaks == KeptMemory || in.Row.forgets()) {
				return true // and with it that the token was barred
			}
		}
	}
	return false
}

func (r Row) forgets() bool {
	return r == CrashMemoryLost || r == OlderData || r == KeysLost
}

// lastRequest returns when the last request that may set the lease's key, or make it
// last, had ended for its client.
func (l *lease) lastRequest() time.Duration {
	last := l.acquire.End
	for _, o := range l.changes {
		last = max(last, o.End)
	}
	return last
}

// movedOn reports whether a fault moved the node's clock in that time.
func (c *checker) movedOn(node string, from, to time.Duration) bool {
	for _, in := range c.clocks.ins {
		if (in.Node == node || in.Node == "") && in.Start <= to && in.End >= from {
			return true
		}
	}
	return false
}

// acquiresOf returns the acquisitions of a key as it stands on a node, prefix and all,
// or of all keys where none is known.
func (c *checker) acquiresOf(wire string) []*Op {
	best := -1
	for i, k := range c.keys {
		if strings.HasSuffix(wire, k.key) && (best < 0 || len(k.key) > len(c.keys[best].key)) {
			best = i
		}
	}
	if best >= 0 {
		return c.keys[best].acquires
	}
	var all []*Op
	for _, k := range c.keys {
		all = append(all, k.acquires...)
	}
	return all
}
