package chaos

import (
	"fmt"
	"math"
	"time"
)

// A pageLatency is the table of latencies, with a bar in each row on one logarithmic
// scale.
type pageLatency struct {
	Rows  []pageLatencyRow
	Ticks []pageTick
}

// A pageLatencyRow is one kind of operation, in one state of the world. Places are in
// percent of the chart's width.
type pageLatencyRow struct {
	Kind                        OpKind
	First                       bool // of its kind
	Faulty                      bool
	Count                       int
	P50, P90, P99, Max          string
	AtP50, AtP90, AtP99, AtMax  string
	WidthTo90, WidthTo99, Label string
}

// A pageTick is a line of the scale.
type pageTick struct{ Label, At string }

// newPageLatency returns the table of a list.
func newPageLatency(list []Latency) pageLatency {
	var p pageLatency
	low, high := math.Inf(1), math.Inf(-1)
	for _, l := range list {
		if l.Count > 0 {
			low, high = min(low, logOf(l.P50)), max(high, logOf(l.Max))
		}
	}
	if low > high {
		return p
	}
	low, high = math.Floor(low), math.Ceil(high)
	if high == low {
		high++
	}
	place := func(d time.Duration) float64 { return 2 + 96*(logOf(d)-low)/(high-low) }
	percent := func(f float64) string { return fmt.Sprintf("%.2f%%", f) }
	for e := low; e <= high; e++ {
		d := time.Duration(math.Pow(10, e))
		p.Ticks = append(p.Ticks, pageTick{d.String(), percent(place(d))})
	}
	for _, kind := range latencyKinds(list) {
		first := true
		for _, l := range list {
			if l.Kind != kind || l.Count == 0 {
				continue
			}
			a, b, c := place(l.P50), place(l.P90), place(l.P99)
			p.Rows = append(p.Rows, pageLatencyRow{
				Kind: kind, First: first, Faulty: l.Faulty, Count: l.Count,
				P50: brief(l.P50).String(), P90: brief(l.P90).String(), P99: brief(l.P99).String(), Max: brief(l.Max).String(),
				AtP50: percent(a), AtP90: percent(b), AtP99: percent(c), AtMax: percent(place(l.Max)),
				WidthTo90: percent(max(0, b-a)), WidthTo99: percent(max(0, c-b)),
				Label: fmt.Sprintf("p50 %v, p90 %v, p99 %v, longest %v", brief(l.P50), brief(l.P90), brief(l.P99), brief(l.Max)),
			})
			first = false
		}
	}
	return p
}

// logOf returns a duration's decimal logarithm, in nanoseconds; at least of one.
func logOf(d time.Duration) float64 { return math.Log10(float64(max(1, d))) }
