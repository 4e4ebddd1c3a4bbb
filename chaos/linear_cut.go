package chaos

import (
	"cmp"
	"slices"
	"sort"
	"time"
)

// leastPiece is how many operations a piece has at least, if there are as many.
const leastPiece = 32

// An interval is an operation from its call to its return, in ranks: the moments of a
// key's history, in order. Calls come before returns at one moment, so that these
// operations count as under way at once.
type interval struct {
	op        *Op
	call, ret int64
}

const never = int64(1) << 62

// intervals returns the operations of a key that tell something, by return.
func (c *checker) intervals(k *keyHistory) []interval {
	type moment struct {
		at  time.Duration
		ret bool
		x   *interval
	}
	var all []*interval
	var moments []moment
	add := func(o *Op, called time.Duration) {
		x := &interval{op: o, ret: never}
		all = append(all, x)
		moments = append(moments, moment{called, false, x})
		if o.Outcome == Done || o.Outcome == Stale {
			moments = append(moments, moment{o.End, true, x})
		}
	}
	for _, l := range k.leases {
		add(l.acquire, l.called)
	}
	for _, o := range k.fenced {
		add(o, o.Start)
	}
	slices.SortStableFunc(moments, func(a, b moment) int {
		if a.at == b.at && a.ret != b.ret {
			if a.ret {
				return 1
			}
			return -1
		}
		return cmp.Compare(a.at, b.at)
	})
	for i, m := range moments {
		if rank := 2 * int64(i); m.ret {
			m.x.ret = rank
		} else {
			m.x.call = rank
		}
	}
	return endUnknown(all)
}

// endUnknown gives operations that nobody saw the end of their return, and returns all
// by return, without those that were refused before they began.
func endUnknown(all []*interval) []interval {
	var done []*interval
	for _, x := range all {
		if x.op.Outcome == Done && x.op.Kind != OpAcquire {
			done = append(done, x)
		}
	}
	slices.SortFunc(done, func(a, b *interval) int { return cmp.Compare(a.ret, b.ret) })
	largest := make([]int64, len(done)) // token of done[:i+1]
	for i, x := range done {
		largest[i] = x.op.Fencing
		if i > 0 {
			largest[i] = max(largest[i], largest[i-1])
		}
	}
	sorted := make([]interval, 0, len(all))
	for _, x := range all {
		if x.ret == never {
			first := sort.Search(len(largest), func(i int) bool { return largest[i] > x.op.Fencing })
			if first < len(done) {
				x.ret = done[first].ret + 1
			}
		}
		if x.call < x.ret {
			sorted = append(sorted, *x)
		}
	}
	slices.SortStableFunc(sorted, func(a, b interval) int { return cmp.Compare(a.ret, b.ret) })
	return sorted
}

// cut divides intervals, by return, into pieces between which none is under way.
func cut(all []interval) [][]interval {
	earliest := make([]int64, len(all)+1) // call of all[i:]
	earliest[len(all)] = never
	for i := len(all) - 1; i >= 0; i-- {
		earliest[i] = min(earliest[i+1], all[i].call)
	}
	var pieces [][]interval
	from := 0
	var top, before *interval // the last two let through with the largest token
	for i := range all {
		x := &all[i]
		if x.op.Kind != OpAcquire && x.op.Outcome == Done {
			switch {
			case top == nil || x.op.Fencing > top.op.Fencing:
				top, before = x, nil
			case x.op.Fencing == top.op.Fencing:
				top, before = x, top
			}
		}
		clear := before == nil || before.ret < top.call || before.op.Value == top.op.Value
		if i+1-from >= leastPiece && x.ret < earliest[i+1] && clear {
			pieces = append(pieces, all[from:i+1])
			from = i + 1
		}
	}
	if from < len(all) {
		pieces = append(pieces, all[from:])
	}
	return pieces
}
