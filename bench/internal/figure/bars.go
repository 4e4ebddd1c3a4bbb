package figure

import (
	"cmp"
	"image/color"
	"math"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/lilith/distlock/bench/internal/contest"
	"github.com/lilith/distlock/bench/internal/stats"
)

// Bars draws the first metric of each workload: a bar to the median of the rounds and
// a whisker between the quartiles, the best on top. It returns nil where there is
// nothing to draw.
func Bars(title string, results []*contest.Result) ([]byte, error) {
	panels := barPanels(results)
	if len(panels) == 0 {
		return nil, nil
	}
	most, gutter := 0, vg.Length(0)
	log := slices.ContainsFunc(panels, (*barPanel).wide)
	for _, b := range panels {
		b.log = log && b.positive()
		most = max(most, len(b.bars))
		for _, x := range b.bars {
			gutter = max(gutter, plain(tickSize).Width(x.name)+6)
		}
	}
	columns := min(2, len(panels))
	rows := vg.Length((len(panels) + columns - 1) / columns)
	note := panels[0].axis + "; bars: medians, whiskers: between the quartiles"
	s := newSheet(title, note, nil, rows*(48+vg.Length(most)*16))
	for i, place := range s.tiles(len(panels), columns) {
		panels[i].draw(place, gutter)
	}
	return s.svg()
}

func barPanels(results []*contest.Result) []*barPanel {
	var panels []*barPanel
	for _, r := range results {
		phases := r.Workload.AllPhases()
		if len(phases) > 1 {
			phases = phases[1:] // the first is what the others are told by
		}
		for _, p := range phases {
			if b := newBarPanel(r, p); len(b.bars) > 0 {
				panels = append(panels, b)
			}
		}
	}
	return panels
}

type bar struct {
	name, label string
	stats.Summary
}

// A barPanel is one workload, or one phase of it.
type barPanel struct {
	title, axis string
	relative    bool // to a reference, at 1
	bytes       bool
	log         bool
	format      func(float64) string
	bars        []bar // the best first
}

func newBarPanel(r *contest.Result, p contest.Phase) *barPanel {
	w, m := r.Workload, r.Workload.Metrics[0]
	b := &barPanel{title: w.Short, axis: m.Name, format: m.Unit.Format, bytes: m.Unit == contest.Bytes}
	b.relative = m.Ratio && (w.Reference != "" || len(w.Phases) > 1)
	if b.relative {
		to := w.Reference
		if to == "" {
			to = "its own while all were well"
		}
		b.axis, b.format = m.Name+" ÷ "+to, contest.FormatRatio
	}
	b.axis += ", less is better"
	if m.More {
		b.axis = strings.Replace(b.axis, "less", "more", 1)
	}
	for _, e := range r.Entries {
		value := r.Value(e.Name, p.In(m.Name))
		shown, label := value, m.Unit.Format(value.Median)
		if b.relative {
			shown = r.Relative(e.Name, p, m.Name)
			label = contest.FormatRatio(shown.Median) + " × · " + label
		}
		if shown.Known() {
			b.bars = append(b.bars, bar{e.Name, label, shown})
		}
	}
	slices.SortStableFunc(b.bars, func(x, y bar) int {
		if m.More {
			return cmp.Compare(y.Median, x.Median)
		}
		return cmp.Compare(x.Median, y.Median)
	})
	return b
}

func (b *barPanel) extent() (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, x := range b.bars {
		lo, hi = min(lo, x.Low), max(hi, x.High)
	}
	if b.relative {
		lo, hi = min(lo, 1), max(hi, 1)
	}
	return lo, hi
}

func (b *barPanel) positive() bool { lo, _ := b.extent(); return lo > 0 }

// wide reports that small bars would vanish beside the largest.
func (b *barPanel) wide() bool {
	lo, hi := b.extent()
	return lo > 0 && hi/lo > 12
}

// draw draws the panel, with the names in a gutter of the given width.
func (b *barPanel) draw(c draw.Canvas, gutter vg.Length) {
	write(c, vg.Point{X: c.Min.X + gutter, Y: c.Max.Y}, b.title, bold(panelSize))
	c = draw.Crop(c, gutter, 0, 0, -18)
	p := newPlot("")
	p.HideY()
	p.Y.Min, p.Y.Max = -0.6, float64(len(b.bars))-0.4
	lo, hi := b.extent()
	if b.log {
		p.X.Scale, p.X.Tick.Marker = logScale{}, logTicks{b.format, 1.2}
		if b.bytes {
			p.X.Tick.Marker = byteTicks{}
		}
		p.X.Min = lo / 1.6
		p.X.Max = p.X.Min * math.Exp(b.room(c.Max.X-c.Min.X, func(v float64) float64 { return math.Log(v / p.X.Min) }))
	} else {
		p.X.Tick.Marker = evenTicks{b.format}
		p.X.Min = min(0, lo)
		p.X.Max = p.X.Min + b.room(c.Max.X-c.Min.X, func(v float64) float64 { return v - p.X.Min })
	}
	p.X.Max = max(p.X.Max, hi)
	p.Add(b)
	p.Draw(c)
	data := p.DataCanvas(c)
	_, y := p.Transforms(&data)
	for i, x := range b.bars {
		at := vg.Point{X: c.Min.X - 5, Y: y(float64(len(b.bars) - 1 - i))}
		write(c, at, x.name, style(tickSize, ink, draw.XRight, draw.YCenter))
	}
}

const labelGap = vg.Length(5)

// room returns the length of an axis on which every label fits behind its bar, where
// place says how far along a value is.
func (b *barPanel) room(width vg.Length, place func(float64) float64) float64 {
	longest := 0.0
	for _, x := range b.bars {
		end := x.High
		if b.relative {
			end = max(end, 1)
		}
		label := plain(tickSize).Width(x.label) + 2*labelGap
		longest = max(longest, place(end)*float64(width/max(1, width-label)))
	}
	return longest
}

// Plot draws the bars.
func (b *barPanel) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	origin := max(p.X.Min, 0)
	if b.relative && b.log {
		origin = 1
	}
	if b.relative {
		c.StrokeLine2(draw.LineStyle{Color: ink, Width: 0.8, Dashes: dashed}, x(1), c.Min.Y, x(1), c.Max.Y)
	}
	thick := vg.Length(math.Abs(float64(y(1)-y(0)))) * 0.62
	for i, v := range b.bars {
		at := y(float64(len(b.bars) - 1 - i))
		fill(c, lookOf(v.name).color, x(origin), at-thick/2, x(v.Median), at+thick/2)
		whisker := draw.LineStyle{Color: ink, Width: 0.9}
		c.StrokeLine2(whisker, x(v.Low), at, x(v.High), at)
		c.StrokeLine2(whisker, x(v.Low), at-thick/4, x(v.Low), at+thick/4)
		c.StrokeLine2(whisker, x(v.High), at-thick/4, x(v.High), at+thick/4)
		end := max(x(v.High), x(origin)) + labelGap
		label := style(tickSize, ink, draw.XLeft, draw.YCenter)
		fill(c, paper, end-1, at-thick/2, end+label.Width(v.label)+1, at+thick/2) // over the line at 1
		write(c, vg.Point{X: end, Y: at}, v.label, label)
	}
}

func fill(c draw.Canvas, with color.Color, x0, y0, x1, y1 vg.Length) {
	c.FillPolygon(with, []vg.Point{{X: x0, Y: y0}, {X: x1, Y: y0}, {X: x1, Y: y1}, {X: x0, Y: y1}})
}
