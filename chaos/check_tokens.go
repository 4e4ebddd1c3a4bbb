package chaos

import (
	"cmp"
	"slices"
)

// maxToken is the least number that a fencing token stays below: beyond it Lua's
// numbers, and JavaScript's, have holes.
const maxToken = 1 << 53

// checkTokens holds tokens to I2 and I13: the owners' are unique, and of one key the
// fencing tokens rise from each holder to every one that began to ask after it had
// acquired, and are never equal. Nothing excuses that.
func (c *checker) checkTokens() {
	for i := range c.h.Ops {
		o := &c.h.Ops[i]
		if o.Kind != OpAcquire || o.Outcome != Done {
			continue
		}
		if first := c.leases[o.Token].acquire; first != o {
			c.violated("I2", o.Key, o.End, []*Op{first, o}, "token %q was given to %s at %v and to %s at %v",
				o.Token, first.who(), tell(first.End), o.who(), tell(o.End))
		}
		if o.Token == "" {
			c.violated("I2", o.Key, o.End, []*Op{o}, "%s acquired without a token", o.who())
		}
		switch {
		case c.l.Unfenced:
		case o.Fencing <= 0:
			c.violated("I2", o.Key, o.End, []*Op{o}, "%s acquired with fencing token %d", o.who(), o.Fencing)
		case o.Fencing >= maxToken:
			c.violated("I13", o.Key, o.End, []*Op{o}, "%s acquired with fencing token %d, beyond 2^53", o.who(), o.Fencing)
		}
	}
	if c.l.Unfenced {
		return
	}
	for _, k := range c.keys {
		c.checkRise(k)
	}
}

// checkRise goes through the leases of one key as they were asked for, beside the
// largest token that had been given by then.
func (c *checker) checkRise(k *keyHistory) {
	asked := slices.Clone(k.leases)
	slices.SortStableFunc(asked, func(a, b *lease) int { return cmp.Compare(a.called, b.called) })
	given := make(map[int64]*Op, len(asked))
	var largest *Op
	next := 0
	for _, l := range asked {
		for ; next < len(k.leases) && k.leases[next].acquire.End < l.called; next++ {
			if o := k.leases[next].acquire; largest == nil || o.Fencing > largest.Fencing {
				largest = o
			}
		}
		o := l.acquire
		if o.Fencing <= 0 {
			continue
		}
		if twin := given[o.Fencing]; twin != nil {
			c.violated("I2", k.key, max(o.End, twin.End), []*Op{twin, o}, "%s (token %s) and %s (token %s) both have fencing token %d",
				twin.who(), twin.Token, o.who(), o.Token, o.Fencing)
			continue
		}
		given[o.Fencing] = o
		if largest != nil && largest.Fencing > o.Fencing {
			c.violated("I2", k.key, o.End, []*Op{largest, o}, "%s acquired by %v with fencing token %d; %s asked after %v and got %d",
				largest.who(), tell(largest.End), largest.Fencing, o.who(), tell(l.called), o.Fencing)
		}
	}
}
