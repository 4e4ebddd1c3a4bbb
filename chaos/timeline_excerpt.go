package chaos

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// An excerpt says which parts of a history are drawn: all of a short one; of a long
// one what lies around violations, then around demonstrations, and an even sample of
// the rest.
type excerpt struct {
	ops, faults        []bool
	keptOps, keptFault int
	around             []timeRange // drawn in full, in the order of time, apart from each other
}

// A timeRange is a part of a history.
type timeRange struct{ from, to time.Duration }

// newExcerpt chooses what is drawn of r.
func newExcerpt(r *Report) *excerpt {
	h := r.history()
	x := &excerpt{ops: make([]bool, len(h.Ops)), faults: make([]bool, len(h.Injections))}
	x.chooseAround(r)
	x.keptOps = sample(x.ops, timelineOps, func(i int) (start, end time.Duration) {
		return h.Ops[i].Start, h.Ops[i].End
	}, x.around)
	x.keptFault = sample(x.faults, timelineFaults, func(i int) (start, end time.Duration) {
		return h.Injections[i].Start, h.Injections[i].End
	}, x.around)
	return x
}

// chooseAround sets what is drawn in full, as long as it leaves room for the sample.
func (x *excerpt) chooseAround(r *Report) {
	h := r.history()
	starts := make([]time.Duration, len(h.Ops))
	for i := range h.Ops {
		starts[i] = h.Ops[i].Start
	}
	slices.Sort(starts)
	within := func(span timeRange) int {
		first, _ := slices.BinarySearch(starts, span.from)
		last, _ := slices.BinarySearch(starts, span.to)
		return last - first
	}
	budget := timelineOps * 3 / 4
	margin := max(4*r.TTL, time.Second)
	for i, at := range findingTimes(&r.Verdict) {
		// The first finding is drawn in full, be it as small a part as it must.
		for i == 0 && margin > time.Millisecond && within(timeRange{at - margin, at + margin}) > budget {
			margin /= 2
		}
		span := timeRange{at - margin, at + margin}
		if budget -= within(span); budget < 0 {
			break
		}
		x.around = append(x.around, span)
	}
	slices.SortFunc(x.around, func(a, b timeRange) int { return cmp.Compare(a.from, b.from) })
	x.around = slices.CompactFunc(x.around, func(a, b timeRange) bool { return a == b })
}

// findingTimes returns when violations were, then demonstrations, as far as they are
// listed.
func findingTimes(v *Verdict) []time.Duration {
	var at []time.Duration
	for _, f := range firsts(v.Violations, timelineMarks) {
		at = append(at, f.At)
	}
	for _, f := range firsts(v.Demonstrations, timelineMarks) {
		at = append(at, f.At)
	}
	return at
}

// sample marks what is kept, and returns how much that is: everything up to the
// limit, else what meets a range, and as much of the rest at even distances as there
// is room for.
func sample(keep []bool, limit int, when func(i int) (start, end time.Duration), around []timeRange) int {
	kept := 0
	for i := range keep {
		start, end := when(i)
		if len(keep) <= limit || kept < limit && meetsAny(around, start, end) {
			keep[i] = true
			kept++
		}
	}
	rest, room := len(keep)-kept, limit-kept
	if rest == 0 || room <= 0 {
		return kept
	}
	seen := 0
	for i := range keep {
		if keep[i] {
			continue
		}
		if seen*room/rest != (seen+1)*room/rest { // room times, evenly, of rest
			keep[i] = true
			kept++
		}
		seen++
	}
	return kept
}

// meetsAny reports whether something meets one of the ranges, which are of one length
// and in the order of time.
func meetsAny(around []timeRange, start, end time.Duration) bool {
	i, _ := slices.BinarySearchFunc(around, start, func(s timeRange, at time.Duration) int { return cmp.Compare(s.to, at) })
	return i < len(around) && around[i].from <= end
}

// keepsLease reports whether a lease is drawn: with its acquisition, and wherever all
// is.
func (x *excerpt) keepsLease(l *drawnLease) bool {
	return x.ops[l.op] || meetsAny(x.around, l.from, l.to)
}

// omitted says in words what is not drawn.
func (x *excerpt) omitted() []string {
	var list []string
	if n := len(x.ops); x.keptOps < n {
		list = append(list, fmt.Sprintf("%d of %d operations", n-x.keptOps, n))
	}
	if n := len(x.faults); x.keptFault < n {
		list = append(list, fmt.Sprintf("%d of %d faults", n-x.keptFault, n))
	}
	return list
}
