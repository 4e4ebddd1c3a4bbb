package chaos

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// forever is later than anything in a history, with room to add to it.
const forever = time.Duration(1 << 61)

// A cover finds the injections that touch a span of time. Its zero value, and nil,
// have none.
type cover struct {
	ins   []*Injection // by Start
	reach []int        // the one of ins[:i+1] that ends last
}

// newCover returns a cover of the injections of h that choose picks.
func newCover(h *History, choose func(*Injection) bool) *cover {
	c := &cover{}
	for i := range h.Injections {
		if in := &h.Injections[i]; choose(in) {
			c.ins = append(c.ins, in)
		}
	}
	c.index()
	return c
}

func (c *cover) index() {
	slices.SortStableFunc(c.ins, func(a, b *Injection) int { return cmp.Compare(a.Start, b.Start) })
	c.reach = make([]int, len(c.ins))
	for i := range c.ins {
		c.reach[i] = i
		if i > 0 && c.ins[c.reach[i-1]].End >= c.ins[i].End {
			c.reach[i] = c.reach[i-1]
		}
	}
}

// touching returns an injection that was on at any time from one moment to the other,
// both included, or nil. Of all that began in time only the one that ended last need
// be looked at.
func (c *cover) touching(from, to time.Duration) *Injection {
	if c == nil || to < from {
		return nil
	}
	begun := sort.Search(len(c.ins), func(i int) bool { return c.ins[i].Start > to })
	if begun == 0 {
		return nil
	}
	if in := c.ins[c.reach[begun-1]]; in.End >= from {
		return in
	}
	return nil
}

// A coverByClient has what struck each client, and under "" what struck them all.
type coverByClient map[string]*cover

func newCoverByClient(h *History, row Row) coverByClient {
	by := make(coverByClient)
	for i := range h.Injections {
		in := &h.Injections[i]
		if in.Row != row {
			continue
		}
		if by[in.Client] == nil {
			by[in.Client] = &cover{}
		}
		by[in.Client].ins = append(by[in.Client].ins, in)
	}
	for _, c := range by {
		c.index()
	}
	return by
}

func (by coverByClient) touching(client string, from, to time.Duration) bool {
	return by[client].touching(from, to) != nil || by[""].touching(from, to) != nil
}
