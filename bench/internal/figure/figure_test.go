package figure_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/bench/internal/contest"
	"github.com/lilith/distlock/bench/internal/figure"
	"github.com/lilith/distlock/bench/internal/peer"
	"github.com/lilith/distlock/bench/internal/resulttest"
)

// words returns the text in a drawing, which must be well-formed.
func words(t *testing.T, svg []byte) string {
	t.Helper()
	var all strings.Builder
	for d := xml.NewDecoder(bytes.NewReader(svg)); ; {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return all.String()
		}
		require.NoError(t, err)
		if text, ok := token.(xml.CharData); ok {
			all.Write(text)
			all.WriteByte('\n')
		}
	}
}

func TestEveryResultOfTheCatalogueIsDrawn(t *testing.T) {
	figures, err := figure.All(resulttest.Catalogue())
	require.NoError(t, err)
	kinds := make(map[string]int)
	files := make(map[string]bool)
	for _, f := range figures {
		kind, _, _ := strings.Cut(f.File, "-")
		kinds[kind]++
		require.False(t, files[f.File], "two figures in %s", f.File)
		files[f.File] = true
		require.NotEmpty(t, f.Alt)
		text := words(t, f.SVG)
		require.NotContains(t, text, "NaN", f.File)
		require.NotContains(t, string(f.SVG), "NaN", f.File)
		require.NotContains(t, string(f.SVG), "Inf", f.File)
	}
	chapters := len(contest.Chapters(resulttest.Catalogue()))
	require.Equal(t, chapters, kinds["bars"])
	for _, kind := range []string{"curve", "latency", "timeline"} {
		require.Positive(t, kinds[kind], kind)
	}
}

func TestTheSameResultsGiveTheSameFiles(t *testing.T) {
	first, err := figure.All(resulttest.Catalogue())
	require.NoError(t, err)
	second, err := figure.All(resulttest.Catalogue())
	require.NoError(t, err)
	require.Equal(t, first, second)
}

func TestBarsNameEachContestantWithItsRatioAndItsValue(t *testing.T) {
	w := &contest.Workload{
		Short: "one node", Contestants: []peer.Contestant{peer.Distlock, peer.Redsync}, Reference: peer.Redsync.Name,
		Metrics: []contest.Metric{{Name: contest.Pair, Ratio: true}},
	}
	svg, err := figure.Bars("Uncontended", []*contest.Result{resulttest.Of(w)})
	require.NoError(t, err)
	text := words(t, svg)
	for _, want := range []string{
		"Uncontended", "one node", "distlock", "0.50 × · 1.50 s", "redsync", "1.00 × · 3 s",
		"acquire + release, p50 ÷ redsync, less is better",
	} {
		require.Contains(t, text, want)
	}
}

func TestAContestantHasOneColourInAllFigures(t *testing.T) {
	const blue = "#0072B2" // the library's
	figures, err := figure.All(resulttest.Catalogue())
	require.NoError(t, err)
	for _, f := range figures {
		require.Contains(t, string(f.SVG), blue, f.File)
	}
}

func TestWhatHasNoFigureIsNotDrawn(t *testing.T) {
	w := &contest.Workload{
		Contestants: []peer.Contestant{peer.Distlock},
		Metrics:     []contest.Metric{{Name: "figure"}},
		Draw:        contest.Drawings{Latency: true, Timeline: true},
	}
	r := &contest.Result{Workload: w, Entries: []*contest.Entry{
		{Name: peer.Distlock.Name, Err: "it failed", Values: map[string][]float64{"figure": {math.NaN()}}},
	}}
	figures, err := figure.All([]*contest.Result{r})
	require.NoError(t, err)
	require.Empty(t, figures)
}

func TestFiguresBearNothingAndLessThanNothing(t *testing.T) {
	w := &contest.Workload{
		Short: "memory", Contestants: []peer.Contestant{peer.Distlock, peer.Redsync},
		Metrics: []contest.Metric{{Name: contest.BytesEach, Unit: contest.Bytes}},
	}
	r := resulttest.Of(w)
	r.Entries[0].Values[contest.BytesEach] = []float64{-12, -12, -12}
	r.Entries[1].Values[contest.BytesEach] = []float64{0, 0, 0}
	svg, err := figure.Bars("Memory", []*contest.Result{r})
	require.NoError(t, err)
	require.NotContains(t, string(svg), "NaN")
	require.Contains(t, words(t, svg), "-12 B")
}
