package chaos

import (
	"slices"
	"strings"
	"time"
)

// An archive takes in a long run's history, epoch by epoch, so that the run needs no
// more room than one epoch's. Each epoch has keys of its own: what is checked of a key
// is all within its epoch. What is kept of an epoch is what the report needs: the
// verdict and the figures, and the operations around its violations. Faults are kept
// for good; they are few.
type archive struct {
	limits  Limits
	verdict Verdict
	matrix  Matrix
	counts  map[string]int
	latency []Latency
	kept    []Op
	shown   map[Assumption]int // demonstrations
}

const (
	epochLength = 5 * time.Minute
	epochEnds   = 30 * time.Second // within which operations of the last epoch end, at usual leases
	nearby      = 3 * time.Second  // of a violation, to be kept
)

// take moves the operations on the given keys out of r's history into the archive.
func (a *archive) take(r *Recorder, erased []Erasure, keys []string) {
	of := &History{}
	r.Amend(func(h *History) {
		rest := h.Ops[:0:0] // the old room goes
		for i := range h.Ops {
			if slices.Contains(keys, h.Ops[i].Key) {
				of.Ops = append(of.Ops, h.Ops[i])
			} else {
				rest = append(rest, h.Ops[i])
			}
		}
		h.Ops = rest
	})
	of.Elapsed = r.Now()
	for _, e := range erased {
		if slices.Contains(keys, e.Key) {
			of.Erased = append(of.Erased, e)
		}
	}
	// Faults that were over well before the first operation have nothing to do with it.
	from := of.Elapsed
	for i := range of.Ops {
		from = min(from, of.Ops[i].Start)
	}
	from -= 4 * a.limits.LongestTTL
	for _, in := range r.History().Injections {
		if in.End >= from {
			of.Injections = append(of.Injections, in)
		}
	}
	v := a.add(of)
	for i := range of.Ops {
		o := &of.Ops[i]
		if slices.ContainsFunc(v.Violations, func(x Violation) bool {
			return (x.Key == o.Key || strings.HasSuffix(x.Key, ":"+o.Key)) && o.Start <= x.At+nearby && o.End >= x.At-nearby
		}) {
			a.kept = append(a.kept, *o)
		}
	}
}

// add checks a part of the history, and adds what it tells, its faults' number apart.
func (a *archive) add(h *History) Verdict {
	v := Check(h, a.limits)
	a.verdict.Violations = append(a.verdict.Violations, v.Violations...)
	for _, d := range v.Demonstrations {
		if a.shown == nil {
			a.shown = make(map[Assumption]int)
		}
		if a.shown[d.Assumption]++; a.shown[d.Assumption] <= mostDemonstrations {
			a.verdict.Demonstrations = append(a.verdict.Demonstrations, d)
		}
	}
	a.verdict.Overlaps += v.Overlaps
	a.verdict.StaleWrites += v.StaleWrites
	a.verdict.LostUpdates += v.LostUpdates
	a.verdict.Undecided += v.Undecided
	a.matrix.Add(Reached(h))
	a.latency = mergeLatencies(a.latency, Latencies(h))
	ops := *h
	ops.Injections = nil // told once, at the end
	if a.counts == nil {
		a.counts = make(map[string]int)
	}
	for what, n := range Counts(&ops) {
		a.counts[what] += n
	}
	return v
}

// mergeLatencies adds up two lists. Percentiles of both together are not to be had from
// those of each: the mean by number stands for them.
func mergeLatencies(all, more []Latency) []Latency {
	for _, l := range more {
		i := slices.IndexFunc(all, func(x Latency) bool { return x.Kind == l.Kind && x.Faulty == l.Faulty })
		if i < 0 {
			all = append(all, l)
			continue
		}
		x := &all[i]
		mean := func(a, b time.Duration) time.Duration {
			total := float64(x.Count + l.Count)
			return time.Duration(float64(a)*float64(x.Count)/total + float64(b)*float64(l.Count)/total)
		}
		x.P50, x.P90, x.P99 = mean(x.P50, l.P50), mean(x.P90, l.P90), mean(x.P99, l.P99)
		x.Max, x.Count = max(x.Max, l.Max), x.Count+l.Count
	}
	return all
}
