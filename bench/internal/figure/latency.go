package figure

import (
	"math"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"

	"github.com/lilith/distlock/bench/internal/contest"
	"github.com/lilith/distlock/bench/internal/stats"
)

// Latency draws how long operations took: the time within which a part of them ended,
// with the axis of parts stretched towards its end, where tails are. It returns nil
// where there is nothing to draw.
func Latency(r *contest.Result) ([]byte, error) {
	var plots []*plot.Plot
	for _, op := range []string{"acquire", "release", "wait"} {
		if p := latencyPlot(r, op); p != nil {
			plots = append(plots, p)
		}
	}
	if len(plots) == 0 {
		return nil, nil
	}
	for _, p := range plots { // to compare, the same time is at the same height
		for _, q := range plots {
			p.Y.Min, p.Y.Max = min(p.Y.Min, q.Y.Min), max(p.Y.Max, q.Y.Max)
		}
	}
	s := newSheet("Latency: "+r.Workload.Title, "", namesOf(r), 290)
	s.rows(plots, len(plots))
	return s.svg()
}

func namesOf(r *contest.Result) []string {
	var names []string
	for _, e := range r.Entries {
		names = append(names, e.Name)
	}
	return names
}

// nines maps a part to its place: 0, 90 %, 99 % and 99.9 % are equally far apart.
func nines(part float64) float64 { return -math.Log10(1 - part) }

var nineTicks = plot.ConstantTicks{
	{Value: nines(0), Label: "0"},
	{Value: nines(0.5), Label: "50 %"},
	{Value: nines(0.9), Label: "90 %"},
	{Value: nines(0.99), Label: "99 %"},
	{Value: nines(0.999), Label: "99.9 %"},
}

// tailOf is how many values must lie beyond the last part that is drawn.
const tailOf = 5

func latencyPlot(r *contest.Result, op string) *plot.Plot {
	p := newPlot(op)
	p.X.Label.Text, p.Y.Label.Text = "part of the operations", "done within"
	p.Y.Scale = logScale{}
	p.Y.Tick.Marker = logTicks{contest.Seconds.Format, 3}
	p.X.Tick.Marker = nineTicks
	lo, hi, last := math.Inf(1), 0.0, 0.0
	p.Add(grid())
	for _, e := range r.Entries {
		points := tailPoints(e.Latency[op])
		if len(points) == 0 {
			continue
		}
		line := &plotter.Line{XYs: points, LineStyle: lineOf(e.Name)}
		p.Add(line)
		for _, at := range points {
			lo, hi = min(lo, at.Y), max(hi, at.Y)
		}
		if e.Name != contest.BestOfDraws { // it has many more operations than were made
			last = max(last, points[len(points)-1].X)
		}
	}
	if hi == 0 {
		return nil
	}
	p.X.Min, p.X.Max = 0, max(last, nines(0.99))
	p.Y.Min, p.Y.Max = lo/1.15, max(hi, lo*2)*1.15
	return p
}

func tailPoints(d stats.Distribution) plotter.XYs {
	var points plotter.XYs
	for i, part := range stats.Levels() {
		if i >= len(d.Quantiles) || part > 0 && (1-part)*float64(d.N) < tailOf {
			break
		}
		if d.Quantiles[i] > 0 { // a clock may not have moved; a logarithm needs that it has
			points = append(points, plotter.XY{X: nines(part), Y: d.Quantiles[i]})
		}
	}
	return points
}

func grid() *plotter.Grid {
	g := plotter.NewGrid()
	g.Vertical.Color, g.Horizontal.Color = rule, rule
	g.Vertical.Width, g.Horizontal.Width = vg.Length(0.5), vg.Length(0.5)
	return g
}
