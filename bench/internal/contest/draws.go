package contest

import (
	"math/rand/v2"
	"slices"
	"time"

	"github.com/lilith/distlock/bench/internal/stats"
)

// BestOfDraws is the entry of who knows beforehand which nodes will be fast: for
// each operation it draws how long each node's answer is held, from what the proxies
// did in this very run, and takes the one that makes a majority. No client can be
// faster; what the loopback interface and the server cost is not even in it.
const BestOfDraws = "best of the draws"

// drawn is how many operations are drawn.
const drawn = 20_000

// bestOfDraws returns the entry, nil where no network was added.
func bestOfDraws(w *Workload, a *Arena, seed uint64, rounds int) *Entry {
	if w.Network == nil || w.Network.Base == 0 {
		return nil
	}
	var holds []time.Duration
	for _, p := range a.Proxies {
		holds = append(holds, p.Holds()...)
	}
	if len(holds) == 0 {
		return nil
	}
	random := rand.New(rand.NewPCG(seed, 2))
	e := newEntry(BestOfDraws)
	acquire := majorityDraws(random, holds, w.Nodes)
	release := majorityDraws(random, holds, w.Nodes)
	s := latencies(acquire, release)
	for range rounds {
		e.record(Phase{}, w.Metrics, Sample{Values: s.Values})
	}
	e.raw = s.Latency
	return e
}

// majorityDraws returns, for each operation, the draw that completes a majority.
func majorityDraws(random *rand.Rand, holds []time.Duration, nodes int) []float64 {
	times := make([]float64, drawn)
	draws := make([]time.Duration, nodes)
	for i := range times {
		for n := range draws {
			draws[n] = holds[random.IntN(len(holds))]
		}
		slices.Sort(draws)
		times[i] = draws[nodes/2].Seconds()
	}
	return times
}

// The metrics of acquiring and releasing.
const (
	Pair       = "acquire + release, p50"
	AcquireP50 = "acquire, p50"
	AcquireP99 = "acquire, p99"
	ReleaseP50 = "release, p50"
	ReleaseP99 = "release, p99"
	Allocs     = "allocations"
	Failures   = "failures"
)

// latencies makes a sample of the times of operations, in seconds.
func latencies(acquire, release []float64) Sample {
	pair := make([]float64, min(len(acquire), len(release)))
	for i := range pair {
		pair[i] = acquire[i] + release[i]
	}
	return Sample{
		Values: map[string]float64{
			Pair:       stats.Median(pair),
			AcquireP50: stats.Median(acquire),
			AcquireP99: stats.Quantile(acquire, 0.99),
			ReleaseP50: stats.Median(release),
			ReleaseP99: stats.Quantile(release, 0.99),
		},
		Latency: map[string][]float64{"acquire": acquire, "release": release},
	}
}
