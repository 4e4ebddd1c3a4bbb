package report_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/bench/internal/contest"
	"github.com/lilith/distlock/bench/internal/figure"
	"github.com/lilith/distlock/bench/internal/peer"
	"github.com/lilith/distlock/bench/internal/report"
	"github.com/lilith/distlock/bench/internal/resulttest"
)

func record(results ...*contest.Result) *report.Record {
	return &report.Record{
		Began: time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC), Took: 12 * time.Minute,
		Command: "go -C bench run .", Budget: contest.Full,
		Machine: report.Machine{
			CPU: "A Processor", Cores: 2, System: "linux/amd64", Kernel: "Linux 6.1", Go: "go1.26.8", Redis: "7.0.15",
			Modules: map[string]string{"github.com/bsm/redislock": "v0.9.4"},
		},
		Results: results,
	}
}

func markdown(t *testing.T, r *report.Record) string {
	t.Helper()
	figures, err := figure.All(r.Results)
	require.NoError(t, err)
	var b bytes.Buffer
	require.NoError(t, r.WriteMarkdown(&b, figures))
	return b.String()
}

// duel has the library beside redsync, to which ratios are.
func duel() *contest.Workload {
	return &contest.Workload{
		Name: "duel", Chapter: "Duels", Title: "A duel", Short: "duel", About: "Two meet.",
		Contestants: []peer.Contestant{peer.Redsync, peer.Distlock}, Reference: peer.Redsync.Name,
		Metrics: []contest.Metric{{Name: contest.Pair, Ratio: true}, {Name: contest.Allocs, Unit: contest.Count}},
	}
}

func TestTheReportTellsWhatItWasMeasuredOnAndWith(t *testing.T) {
	text := markdown(t, record(resulttest.Of(duel())))
	for _, want := range []string{
		"2026-03-14 15:09 UTC, 12m0s", "A Processor, 2 cores", "linux/amd64 Linux 6.1", "go1.26.8", "7.0.15",
		"| github.com/bsm/redislock | v0.9.4 |", "`go -C bench run .`",
	} {
		require.Contains(t, text, want)
	}
}

func TestATableHasRatiosWithTheirSpreadAndTheBestFirst(t *testing.T) {
	r := resulttest.Of(duel())
	r.Entries[1].Values[contest.Pair] = []float64{0.0005, 0.0012, 0.0018} // of 1, 2 and nothing
	text := markdown(t, record(r))
	require.Contains(t, text, `| | acquire + release, p50 | allocations |
|---|---|---|
| distlock | 0.00055 × (0.000525 – 0.000575 ×) · 1.20 ms | 3 (2.50 – 3.50) |
| *redsync* | 1.00 × · 1.50 s | 1.50 (1.25 – 1.75) |
`)
	require.Contains(t, text, "3 rounds; × is to *redsync*.")
	require.Contains(t, text, "![Duels: medians and quartiles](bars-duels.svg)")
}

func TestWhatFailedIsToldBelowTheTable(t *testing.T) {
	r := resulttest.Of(duel())
	r.Entries[0].Err = "two | nodes\n\tsaid no " + strings.Repeat("x", 500)
	text := markdown(t, record(r))
	require.Contains(t, text, "\n- redsync: two \\| nodes; said no xxx")
	require.NotContains(t, text, strings.Repeat("x", 400), "nobody reads that")
}

func TestARunThatEndedEarlySaysSo(t *testing.T) {
	r := record(resulttest.Of(duel()))
	r.Stopped, r.Skipped = "it was interrupted in duel", []string{"core-1: needs Linux"}
	text := markdown(t, r)
	require.Contains(t, text, "**This run ended early: it was interrupted in duel.**")
	require.Contains(t, text, "Left out: core-1: needs Linux.")
}

func TestSavedResultsGiveTheSameReport(t *testing.T) {
	r := record(resulttest.Catalogue()...)
	var saved bytes.Buffer
	require.NoError(t, r.Save(&saved))
	loaded, err := report.Load(&saved, contest.Catalogue())
	require.NoError(t, err)
	require.Equal(t, markdown(t, r), markdown(t, loaded))

	first, again := t.TempDir(), t.TempDir()
	require.NoError(t, r.Write(first))
	require.NoError(t, loaded.Write(again))
	files, err := os.ReadDir(first)
	require.NoError(t, err)
	require.Greater(t, len(files), 20)
	for _, f := range files {
		a, err := os.ReadFile(filepath.Join(first, f.Name()))
		require.NoError(t, err)
		b, err := os.ReadFile(filepath.Join(again, f.Name()))
		require.NoError(t, err)
		require.True(t, bytes.Equal(a, b), f.Name())
	}
}

func TestResultsThatCannotBeReadSayWhy(t *testing.T) {
	_, err := report.Load(strings.NewReader("no JSON"), nil)
	require.ErrorContains(t, err, "the results cannot be read")
	var saved bytes.Buffer
	require.NoError(t, record(resulttest.Of(duel())).Save(&saved))
	_, err = report.Load(&saved, contest.Catalogue())
	require.ErrorContains(t, err, `there is no workload "duel" any more; measure again`)
}

func TestThisMachineNamesWhatItKnows(t *testing.T) {
	m := report.ThisMachine()
	require.NotEmpty(t, m.Go)
	require.NotEmpty(t, m.System)
	require.Positive(t, m.Cores)
}
