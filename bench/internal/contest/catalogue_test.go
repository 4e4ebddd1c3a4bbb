package contest_test

import (
	"errors"
	"math"
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
	Sections: 6, Crowd: 40, Limit: 10 * time.Second, SocketTimeout: 100 * time.Millisecond, Seed: 1,
}

func TestEveryWorkloadOfTheCatalogueRuns(t *testing.T) {
	servertest.Require(t)
	for _, w := range contest.Catalogue() {
		t.Run(w.Name, func(t *testing.T) {
			if !w.Pinned { // it binds the whole process
				t.Parallel()
			}
			turns := 0
			r, err := contest.Run(t.Context(), w, tiny, func(p contest.Progress) {
				if p.Round > 0 {
					turns++
				}
			})
			if errors.Is(err, contest.ErrNotHere) {
				t.Skip(err)
			}
			require.NoError(t, err)
			require.Equal(t, turns, len(w.Contestants)*max(1, len(w.Phases)), "everyone has a turn in each phase")
			for _, c := range w.Contestants {
				e := r.Entry(c.Name)
				require.NotNil(t, e, c.Name)
				for _, m := range w.AllMetrics() {
					require.Len(t, e.Values[m.Name], tiny.Rounds, "%s: %s", c.Name, m.Name)
				}
			}
			// The library itself must have a value everywhere.
			for _, m := range w.AllMetrics() {
				require.False(t, math.IsNaN(r.Value(peer.Distlock.Name, m.Name).Median), "%s; %s", m.Name, r.Entry(peer.Distlock.Name).Err)
			}
			if w.Reference != "" {
				require.NotNil(t, r.Entry(w.Reference), "the reference takes part")
			}
		})
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
