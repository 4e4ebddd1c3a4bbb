package stats_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/bench/internal/stats"
)

func TestAQuantileLiesBetweenItsNeighboursInProportion(t *testing.T) {
	values := []float64{40, 10, 30, 20, 50}
	require.InDelta(t, 30, stats.Median(values), 0)
	require.InDelta(t, 10, stats.Quantile(values, 0), 0)
	require.InDelta(t, 50, stats.Quantile(values, 1), 0)
	require.InDelta(t, 48, stats.Quantile(values, 0.95), 1e-9)
	require.InDelta(t, 25, stats.Median([]float64{10, 20, 30, 40}), 1e-9)
	require.Equal(t, []float64{40, 10, 30, 20, 50}, values, "what was given stays as it was")
}

func TestWhatCouldNotBeMeasuredIsLeftOut(t *testing.T) {
	nan := math.NaN()
	require.InDelta(t, 2, stats.Median([]float64{nan, 1, nan, 3}), 0)
	require.InDelta(t, 2, stats.Mean([]float64{nan, 1, 3}), 0)
	require.True(t, math.IsNaN(stats.Median(nil)))
	require.True(t, math.IsNaN(stats.Mean([]float64{nan})))
	require.False(t, stats.Summarize([]float64{nan, nan}).Known())
	require.Equal(t, 2, stats.Summarize([]float64{1, nan, 3}).N)
}

func TestARatioIsOfOneRoundNotOfTwoMedians(t *testing.T) {
	// The machine becomes ten times slower: the ratio of every round stays 2.
	ratios := stats.Ratios([]float64{2, 20, 200}, []float64{1, 10, 100})
	require.Equal(t, []float64{2, 2, 2}, ratios)
	summary := stats.Summarize(ratios)
	require.InDelta(t, 2, summary.Median, 0)
	require.InDelta(t, 2, summary.Low, 0)
	require.InDelta(t, 2, summary.High, 0)
}

func TestARatioToNothingIsUnknown(t *testing.T) {
	ratios := stats.Ratios([]float64{1, math.NaN(), 3, 4}, []float64{0, 1, math.NaN(), 2})
	require.Len(t, ratios, 4)
	for i := range 3 {
		require.True(t, math.IsNaN(ratios[i]), i)
	}
	require.InDelta(t, 2, ratios[3], 0)
}

func TestJainIsOneForEqualsAndOneNthForATyrant(t *testing.T) {
	require.InDelta(t, 1, stats.Jain([]float64{7, 7, 7, 7}), 1e-12)
	require.InDelta(t, 0.25, stats.Jain([]float64{9, 0, 0, 0}), 1e-12)
	require.InDelta(t, 0.9, stats.Jain([]float64{1, 2}), 1e-12)
	require.True(t, math.IsNaN(stats.Jain([]float64{0, 0})))
	require.True(t, math.IsNaN(stats.Jain(nil)))
}

func TestADistributionHasTheQuantilesOfItsValues(t *testing.T) {
	var values []float64
	for i := range 1001 {
		values = append(values, float64(1000-i))
	}
	d := stats.Describe(append(values, math.NaN()))
	require.Equal(t, 1001, d.N)
	require.Len(t, d.Quantiles, len(stats.Levels()))
	for i, q := range stats.Levels() {
		require.InDelta(t, 1000*q, d.Quantiles[i], 1e-6)
	}
	require.Empty(t, stats.Describe(nil).Quantiles)
}

func TestTheLevelsOfADistributionAscendFromLeastToMost(t *testing.T) {
	levels := stats.Levels()
	require.InDelta(t, 0, levels[0], 0)
	require.InDelta(t, 1, levels[len(levels)-1], 0)
	require.IsIncreasing(t, levels)
}
