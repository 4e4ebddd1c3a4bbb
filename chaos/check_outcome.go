package chaos

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/lilith/distlock"
)

// checkFailures: each operation ended in a way that the library names, I12.
func (c *checker) checkFailures() {
	for i := range c.h.Ops {
		o := &c.h.Ops[i]
		if o.Outcome == Failed && !c.expected(o) {
			c.violated("I12", o.Key, o.End, []*Op{o}, "%s of %s by %s failed with an error of no kind: %q",
				o.Kind, o.Key, o.who(), o.Err)
		}
	}
}

// expected reports whether an error of no kind is one that the client asked for: it had
// closed its Locker, or released the lease that it extends, or watches.
func (c *checker) expected(o *Op) bool {
	if strings.Contains(o.Err, bare(distlock.ErrClosed)) {
		return true
	}
	if !strings.Contains(o.Err, bare(distlock.ErrReleased)) {
		return false
	}
	switch o.Kind {
	case OpSignal:
		return true
	case OpExtend, OpRenew:
		if l := c.leases[o.Token]; l != nil && len(l.releases) > 0 {
			return l.releases[0].Start <= o.End
		}
		return c.crashes.touching(o.Client, o.Start, forever) // within its release
	default:
		return false
	}
}

// bare is an error's text without the package's name, as it stands within others.
func bare(err error) string { return strings.TrimPrefix(err.Error(), "distlock: ") }

// checkRefusals: nobody is told that another holds a key which nobody can hold, I12.
// It tells only of acquisitions of one attempt (the keys of an earlier one may be in
// the way) around which no fault could have left keys behind, or kept them.
func (c *checker) checkRefusals() {
	far := 2 * c.longest
	littering := newCover(c.h, func(in *Injection) bool { return !in.Row.clean() })
	for _, k := range c.keys {
		presence := presences(k, c.leases, far)
		for _, o := range k.acquires {
			if o.Outcome != Held || o.Attempts != 1 {
				continue
			}
			if littering.touching(o.Start-far, o.End) != nil || c.clocks.touching(-forever, o.End) != nil {
				continue
			}
			if !presence.of(o) {
				c.violated("I12", k.key, o.End, []*Op{o}, "%s was told at %v that another holds %s, and nobody can: %s",
					o.who(), tell(o.End), k.key, o.Err)
			}
		}
	}
}

// clean reports whether a fault leaves no key on a node, or on its way to one, that
// would have gone without it.
func (r Row) clean() bool {
	switch r {
	case ReadOnly, Loading, OutOfMemory, Misconf, NoScript, WrongType, AuthFailure, TLSFailure:
		return true
	default:
		return false
	}
}

// A presence tells when acquisitions of a key may have had it on some node.
type presence struct {
	ops   []*Op           // by Start
	first []time.Duration // how far the furthest of ops[:i+1] reaches
	next  []time.Duration // how far the next to furthest does
	who   []*Op           // the furthest
}

func presences(k *keyHistory, leases map[string]*lease, far time.Duration) *presence {
	p := &presence{ops: slices.Clone(k.acquires)}
	slices.SortStableFunc(p.ops, func(a, b *Op) int { return cmp.Compare(a.Start, b.Start) })
	var first, next time.Duration = -1, -1
	var who *Op
	for _, o := range p.ops {
		end := o.End
		if l := leases[o.Token]; l != nil && l.acquire == o {
			for _, list := range [][]*Op{l.changes, l.releases} {
				for _, x := range list {
					end = max(end, x.End)
				}
			}
		}
		switch end += far; {
		case end > first:
			first, next, who = end, first, o
		case end > next:
			next = end
		}
		p.first, p.next, p.who = append(p.first, first), append(p.next, next), append(p.who, who)
	}
	return p
}

// of reports whether another acquisition than o may have been in its way.
func (p *presence) of(o *Op) bool {
	begun, _ := slices.BinarySearchFunc(p.ops, o.End, func(x *Op, end time.Duration) int {
		if x.Start > end {
			return 1
		}
		return -1
	})
	if begun == 0 {
		return false
	}
	reach := p.first[begun-1]
	if p.who[begun-1] == o {
		reach = p.next[begun-1]
	}
	return reach >= o.Start
}
