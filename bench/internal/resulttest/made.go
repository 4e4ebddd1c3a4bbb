// Package resulttest makes results by hand, for tests of what is drawn and written.
package resulttest

import (
	"math"
	"time"

	"github.com/lilith/distlock/bench/internal/contest"
	"github.com/lilith/distlock/bench/internal/stats"
)

// Rounds is how many each result has.
const Rounds = 3

// Of returns a result of w in which the contestant at number i, from 1, has i in
// every metric of the first round, twice that in the second, which the machine spoilt,
// and nothing in the last.
func Of(w *contest.Workload) *contest.Result {
	r := &contest.Result{Workload: w, Rounds: Rounds, Took: time.Second}
	names := make([]string, 0, len(w.Contestants)+1)
	for _, c := range w.Contestants {
		names = append(names, c.Name)
	}
	if w.Network != nil && w.Reference == contest.BestOfDraws {
		names = append(names, contest.BestOfDraws)
	}
	for i, name := range names {
		r.Entries = append(r.Entries, entry(w, name, float64(i+1)))
	}
	return r
}

func entry(w *contest.Workload, name string, size float64) *contest.Entry {
	e := &contest.Entry{Name: name, Values: make(map[string][]float64)}
	for _, m := range w.AllMetrics() {
		e.Values[m.Name] = []float64{size, 2 * size, math.NaN()}
	}
	if w.Draw.Latency {
		var times []float64
		for i := range 2000 {
			times = append(times, size*(1e-4+float64(i)*1e-7))
		}
		e.Latency = map[string]stats.Distribution{"acquire": stats.Describe(times), "release": stats.Describe(times)}
	}
	if w.Draw.Timeline {
		for i := range 40 {
			start := time.Duration(i) * 3 * time.Millisecond
			e.Turns = append(e.Turns, contest.Turn{Worker: i % 8, Start: start, End: start + time.Millisecond})
		}
	}
	return e
}

// Catalogue returns a result of each workload of the catalogue.
func Catalogue() []*contest.Result {
	var all []*contest.Result
	for _, w := range contest.Catalogue() {
		all = append(all, Of(w))
	}
	return all
}
