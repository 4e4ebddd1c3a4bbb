package report

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"github.com/lilith/distlock/bench/internal/contest"
	"github.com/lilith/distlock/bench/internal/stats"
)

// table writes a row for each contestant, the best first; where there are phases, a
// row for each of them.
func (p *page) table(r *contest.Result) {
	w := r.Workload
	p.line("%s\n", told(r))
	head, rule := "| |", "|---|"
	for _, m := range w.Metrics {
		head, rule = head+" "+clean(m.Name)+" |", rule+"---|"
	}
	p.line("%s\n%s", head, rule)
	for _, phase := range w.AllPhases() {
		for _, e := range ranked(r, phase) {
			name := e.Name
			if name == w.Reference {
				name = "*" + name + "*"
			}
			if phase.Name != "" {
				name += ", " + phase.Name
			}
			cells := []string{name}
			for _, m := range w.Metrics {
				cells = append(cells, cell(r, e, phase, m))
			}
			p.line("| %s |", strings.Join(cells, " | "))
		}
	}
	p.line("")
}

// told says what ratios are to, and how many rounds there were.
func told(r *contest.Result) string {
	rounds := contest.Count.Format(float64(r.Rounds)) + " rounds"
	if r.Rounds == 1 {
		rounds = "1 round"
	}
	if r.Workload.Reference != "" {
		return rounds + "; × is to *" + r.Workload.Reference + "*."
	}
	return rounds + "."
}

func cell(r *contest.Result, e *contest.Entry, p contest.Phase, m contest.Metric) string {
	value := r.Value(e.Name, p.In(m.Name))
	if ratio := r.Relative(e.Name, p, m.Name); m.Ratio && ratio.Known() {
		return spread(ratio, times) + " · " + m.Unit.Format(value.Median)
	}
	return spread(value, m.Unit.Format)
}

func times(v float64) string { return contest.FormatRatio(v) + " ×" }

// spread writes a median and, in brackets, the quartiles where they differ from it.
func spread(s stats.Summary, format func(float64) string) string {
	median, low, high := format(s.Median), format(s.Low), format(s.High)
	if low == median && high == median {
		return median
	}
	// A unit that both have is written once.
	if n, unit, ok := strings.Cut(low, " "); ok && strings.HasSuffix(high, " "+unit) {
		low = n
	}
	return median + " (" + low + " – " + high + ")"
}

// ranked returns the entries by their first metric, the best first and the unknown
// last: by the ratio, where there is one, as the absolute drifts.
func ranked(r *contest.Result, p contest.Phase) []*contest.Entry {
	m := r.Workload.Metrics[0]
	rank := func(e *contest.Entry) float64 {
		v := r.Value(e.Name, p.In(m.Name))
		if ratio := r.Ratio(e.Name, r.Workload.Reference, p.In(m.Name)); ratio.Known() {
			v = ratio
		}
		switch {
		case math.IsNaN(v.Median):
			return math.Inf(1)
		case m.More:
			return -v.Median
		default:
			return v.Median
		}
	}
	all := slices.Clone(r.Entries)
	slices.SortStableFunc(all, func(a, b *contest.Entry) int { return cmp.Compare(rank(a), rank(b)) })
	return all
}
