package report_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/bench/internal/contest"
	"github.com/lilith/distlock/bench/internal/peer"
	"github.com/lilith/distlock/bench/internal/report"
	"github.com/lilith/distlock/bench/internal/resulttest"
	"github.com/lilith/distlock/bench/internal/stats"
)

func TestEveryTargetIsOfAFigureThatTheCatalogueMeasures(t *testing.T) {
	results := make(map[string]*contest.Result)
	for _, r := range resulttest.Catalogue() {
		results[r.Workload.Name] = r
	}
	seen := make(map[string]bool)
	for _, target := range report.Targets() {
		name := target.Workload + ": " + target.What
		require.False(t, seen[name], name)
		seen[name] = true
		require.Contains(t, results, target.Workload, name)
		require.True(t, target.Of(results[target.Workload]).Known(), name)
	}
}

// resultOf returns a made-up result of a workload.
func resultOf(t *testing.T, workload string) *contest.Result {
	t.Helper()
	for _, w := range contest.Catalogue() {
		if w.Name == workload {
			return resulttest.Of(w)
		}
	}
	t.Fatalf("there is no workload %s", workload)
	return nil
}

func TestATargetIsReachedAtItsBound(t *testing.T) {
	most, least := report.Target{Bound: 2}, report.Target{Bound: 2, AtLeast: true}
	at, above, below := stats.Summary{Median: 2}, stats.Summary{Median: 2.1}, stats.Summary{Median: 1.9}
	require.True(t, most.Reached(at))
	require.True(t, most.Reached(below))
	require.False(t, most.Reached(above))
	require.True(t, least.Reached(at))
	require.True(t, least.Reached(above))
	require.False(t, least.Reached(below))
}

func TestTheReportSaysOfEachTargetWhetherItWasReached(t *testing.T) {
	fast := resultOf(t, "distinct-5-64")
	fast.Entry(peer.Distlock.Name).Values[contest.Rate] = []float64{400, 800, 500}
	fast.Entry(peer.Redsync.Name).Values[contest.Rate] = []float64{100, 200, 100}
	fast.Entry(peer.AutoPipelinedScripts.Name).Values[contest.Rate] = []float64{500, 1000, 1000}
	text := markdown(t, record(fast))
	require.Contains(t, text, "| distinct-5-64 | locks a second: distlock ÷ redsync | ≥ 3.00 | 4.00 (4.00 – 4.50) | reached |")
	require.Contains(t, text, "| distinct-5-64 | locks a second: distlock ÷ our scripts, auto-pipelined | ≥ 1.00 | 0.80 (0.65 – 0.80) | **not reached** |")
	require.Contains(t, text, "\n1 of 2 reached.\n")
	require.Equal(t, len(report.Targets())-2, strings.Count(text, "| – | not measured |"))
}

func TestAFaultMayCostAMillisecondBeyondATenth(t *testing.T) {
	for _, target := range report.Targets() {
		if target.Workload != "hung-1" || !strings.HasPrefix(target.What, contest.AcquireP99) {
			continue
		}
		r := &contest.Result{Workload: &contest.Workload{}, Entries: []*contest.Entry{{
			Name: peer.Distlock.Name,
			Values: map[string][]float64{
				"healthy: " + contest.AcquireP99: {0.010, 0.001},
				"hung: " + contest.AcquireP99:    {0.0119, 0.0020},
			},
		}}}
		require.True(t, target.Reached(target.Of(r)))
		r.Entries[0].Values["hung: "+contest.AcquireP99] = []float64{0.0121, 0.0022}
		require.False(t, target.Reached(target.Of(r)))
		return
	}
	t.Fatal("there is no such target")
}

func TestATargetThatIsNotReachedIsSetBesideItsLimit(t *testing.T) {
	five := resultOf(t, "uncontended-5")
	five.Entry(peer.Distlock.Name).Values[contest.Pair] = []float64{8, 16, 8}
	five.Entry(peer.Redsync.Name).Values[contest.Pair] = []float64{10, 20, 10}
	five.Entry(peer.Dispatched.Name).Values[contest.Pair] = []float64{7, 16, 8}
	five.Entry(peer.RawScripts.Name).Values[contest.Pair] = []float64{8, 16, 8}
	text := markdown(t, record(five))
	require.Contains(t, text, "acquire + release, p50: distlock ÷ redsync | ≤ 0.65 | 0.80 | "+
		"**not reached**; *our scripts, a dispatcher a node*: 0.80, the library 1.00 × that |")
	require.Contains(t, text, "distlock ÷ raw TCP, our scripts | ≤ 1.30 | 1.00 | reached |", "no limit where it is reached")
}
