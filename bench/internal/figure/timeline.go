package figure

import (
	"fmt"
	"strconv"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	"github.com/lilith/distlock/bench/internal/contest"
)

// longestSpan bounds what a timeline shows: beyond it a hold of a millisecond would
// be no more than a hair.
const longestSpan = 200 * time.Millisecond

// Timeline draws which worker held the lock when, a panel for each contestant. White
// is time in which nobody held it. It returns nil where nobody ever did.
func Timeline(r *contest.Result) ([]byte, error) {
	span := time.Duration(0)
	workers := 0
	for _, e := range r.Entries {
		for _, t := range e.Turns {
			span, workers = max(span, t.End), max(workers, t.Worker+1)
		}
	}
	if span == 0 {
		return nil, nil
	}
	span = min(span, longestSpan)
	var shown []*contest.Entry
	for _, e := range r.Entries {
		if len(e.Turns) > 0 {
			shown = append(shown, e)
		}
	}
	s := newSheet("Who held the lock when: "+r.Workload.Title, "boxes: held by a worker; white: by nobody", nil, vg.Length(len(shown))*88)
	for i, place := range s.tiles(len(shown), 1) {
		drawTimeline(place, shown[i], span, workers)
	}
	return s.svg()
}

func drawTimeline(c draw.Canvas, e *contest.Entry, span time.Duration, workers int) {
	shown, held := 0, time.Duration(0)
	for _, t := range e.Turns {
		if t.Start < span {
			shown++
			held += min(t.End, span) - t.Start
		}
	}
	write(c, vg.Point{X: c.Min.X, Y: c.Max.Y}, e.Name, bold(panelSize))
	told := fmt.Sprintf("%d turns in %s, held %.0f %% of the time", shown, contest.Seconds.Format(span.Seconds()), 100*held.Seconds()/span.Seconds())
	write(c, c.Max, told, style(labelSize, faint, draw.XRight, draw.YTop))
	c = draw.Crop(c, 0, 0, 0, -16)
	p := newPlot("")
	p.X.Min, p.X.Max = 0, span.Seconds()
	p.X.Tick.Marker = everyTenth(span)
	p.Y.Min, p.Y.Max = -0.5, float64(workers)-0.5
	p.Y.Label.Text = "worker"
	p.Y.Tick.Length = 0
	p.Y.Tick.Marker = plot.ConstantTicks{
		{Value: 0, Label: "1"}, {Value: float64(workers - 1), Label: strconv.Itoa(workers)},
	}
	p.Add(&timeline{e, span})
	p.Draw(c)
}

// everyTenth marks ten parts of a span.
func everyTenth(span time.Duration) plot.ConstantTicks {
	var ticks plot.ConstantTicks
	for i := range 11 {
		v := span.Seconds() * float64(i) / 10
		ticks = append(ticks, plot.Tick{Value: v, Label: short(contest.Seconds.Format(v))})
	}
	return ticks
}

type timeline struct {
	e    *contest.Entry
	span time.Duration
}

// Plot draws a box for each turn.
func (t *timeline) Plot(c draw.Canvas, p *plot.Plot) {
	x, y := p.Transforms(&c)
	half := (y(1) - y(0)) * 0.42
	for _, turn := range t.e.Turns {
		if turn.Start >= t.span {
			continue
		}
		at := y(float64(turn.Worker))
		fill(c, lookOf(t.e.Name).color, x(turn.Start.Seconds()), at-half, x(min(turn.End, t.span).Seconds()), at+half)
	}
}
