package contest_test

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/bench/internal/contest"
	"github.com/lilith/distlock/bench/internal/peer"
	"github.com/lilith/distlock/bench/internal/servertest"
)

// tiny does each thing, and no more of it than shows that it is done.
var tiny = contest.Budget{
	Rounds: 1, Warmup: 2, Ops: 3, Window: 5 * time.Millisecond, Patience: 2 * time.Second,
	Sections: 6, Crowd: 40, Limit: 10 * time.Second, SocketTimeout: 500 * time.Millisecond, Seed: 1,
}

func TestEveryWorkloadOfTheCatalogueRuns(t *testing.T) {
	servertest.Require(t)
	var silent atomic.Int64 // workloads of which the library gave no figure
	t.Run("each", func(t *testing.T) {
		for _, w := range contest.Catalogue() {
			t.Run(w.Name, func(t *testing.T) {
				if !w.Pinned { // that binds the whole process
					t.Parallel()
				}
				r, err := contest.Run(t.Context(), w, tiny, func(contest.Progress) {})
				if errors.Is(err, contest.ErrNotHere) {
					t.Skip(err)
				}
				require.NoError(t, err)
				for _, c := range w.Contestants {
					requireTold(t, r, c.Name)
				}
				if w.Reference != "" {
					require.NotNil(t, r.Entry(w.Reference), "the reference takes part")
				}
				if e := r.Entry(peer.Distlock.Name); e.Err != "" {
					silent.Add(1)
					t.Log(e.Err)
				}
			})
		}
	})
	// A machine that is busy enough keeps any lock from answering in time, now and then.
	require.Less(t, 2*int(silent.Load()), len(contest.Catalogue()), "the library mostly fails")
}

// requireTold requires that a contestant has a value for everything, or says why not.
func requireTold(t *testing.T, r *contest.Result, name string) {
	t.Helper()
	e := r.Entry(name)
	require.NotNil(t, e, name)
	for _, m := range r.Workload.AllMetrics() {
		if e.Err == "" {
			require.Len(t, e.Values[m.Name], tiny.Rounds, "%s: %s", name, m.Name)
			require.True(t, r.Value(name, m.Name).Known(), "%s: %s", name, m.Name)
		}
	}
}

func TestWorkloadsHaveNamesOfTheirOwn(t *testing.T) {
	seen := make(map[string]bool)
	for _, w := range contest.Catalogue() {
		require.False(t, seen[w.Name], w.Name)
		seen[w.Name] = true
		require.NotEmpty(t, w.Title)
		require.NotEmpty(t, w.About)
		require.NotEmpty(t, w.Chapter)
		require.NotEmpty(t, w.Short)
	}
}

func TestTheFullRunIsEstimatedAtNoMoreThanTwentyMinutes(t *testing.T) {
	total := time.Duration(0)
	for _, w := range contest.Catalogue() {
		require.Positive(t, w.Estimate(contest.Full), w.Name)
		require.Less(t, w.Estimate(contest.Quick), w.Estimate(contest.Full), w.Name)
		total += w.Estimate(contest.Full)
	}
	require.Less(t, total, 20*time.Minute)
}
