package figure

import (
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/lilith/distlock/bench/internal/contest"
	"github.com/lilith/distlock/bench/internal/stats"
)

// Curve draws the first metric of workloads that differ in one number: as it was, and
// as a ratio to the reference. It returns nil where there are fewer than two points.
func Curve(results []*contest.Result) ([]byte, error) {
	if len(results) < 2 {
		return nil, nil
	}
	w := results[0].Workload
	m := w.Metrics[0]
	absolute := curvePlot(results, m.Name, m.Unit.Format, func(r *contest.Result, name string) stats.Summary {
		return r.Value(name, m.Name)
	})
	ratio := curvePlot(results, m.Name+" ÷ "+w.Reference, contest.FormatRatio, func(r *contest.Result, name string) stats.Summary {
		return r.Relative(name, contest.Phase{}, m.Name)
	})
	var plots []*plot.Plot
	for _, p := range []*plot.Plot{absolute, ratio} {
		if p != nil {
			plots = append(plots, p)
		}
	}
	if len(plots) == 0 {
		return nil, nil
	}
	s := newSheet(w.Series.Curve, "points: medians; vertical lines: between the quartiles", everybody(results), 290)
	s.rows(plots, len(plots))
	return s.svg()
}

func everybody(results []*contest.Result) []string {
	var all []string
	for _, r := range results {
		for _, name := range namesOf(r) {
			if !slices.Contains(all, name) && !lookOf(name).minor {
				all = append(all, name)
			}
		}
	}
	return all
}

func curvePlot(results []*contest.Result, title string, format func(float64) string, value func(*contest.Result, string) stats.Summary) *plot.Plot {
	p := newPlot(title)
	p.X.Label.Text = results[0].Workload.Series.Axis
	p.Add(grid())
	lo, hi := math.Inf(1), 0.0
	for _, name := range everybody(results) {
		c := &curve{name: name}
		for _, r := range results {
			if v := value(r, name); v.Known() && v.Low > 0 {
				c.xs, c.ys = append(c.xs, r.Workload.Series.X), append(c.ys, v)
				lo, hi = min(lo, v.Low), max(hi, v.High)
			}
		}
		p.Add(c)
	}
	if hi == 0 {
		return nil
	}
	p.Y.Scale, p.Y.Tick.Marker = logScale{}, logTicks{format, 3}
	p.Y.Min, p.Y.Max = lo/1.2, max(hi, lo*2)*1.2
	placeX(p, results)
	return p
}

// placeX marks the numbers that were measured, and no others. Where each is several
// times the one before, they stand equally far apart.
func placeX(p *plot.Plot, results []*contest.Result) {
	var ticks plot.ConstantTicks
	first, last := math.Inf(1), 0.0
	for _, r := range results {
		x := r.Workload.Series.X
		first, last = min(first, x), max(last, x)
		ticks = append(ticks, plot.Tick{Value: x, Label: contest.Count.Format(x)})
	}
	p.X.Tick.Marker = ticks
	if last/first > 8 {
		p.X.Scale = logScale{}
		p.X.Min, p.X.Max = first/1.3, last*1.3
		return
	}
	p.X.Min, p.X.Max = first-0.4, last+0.4
}

type curve struct {
	name string
	xs   []float64
	ys   []stats.Summary
}

// Plot draws a line through the medians, with the quartiles at each.
func (v *curve) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	line := lineOf(v.name)
	points := make([]vg.Point, len(v.xs))
	for i, at := range v.xs {
		points[i] = vg.Point{X: x(at), Y: y(v.ys[i].Median)}
		spread := draw.LineStyle{Color: line.Color, Width: 0.8}
		c.StrokeLine2(spread, points[i].X, y(v.ys[i].Low), points[i].X, y(v.ys[i].High))
		c.DrawGlyph(draw.GlyphStyle{Color: line.Color, Radius: 2.2, Shape: draw.CircleGlyph{}}, points[i])
	}
	c.StrokeLines(line, points)
}
