package figure

import (
	"math"
	"strings"

	"gonum.org/v1/plot"

	"github.com/lilith/distlock/bench/internal/contest"
)

// logTicks marks 1, 2 and 5 of each power of ten, and labels as many as stand well.
type logTicks struct {
	format func(float64) string
	dense  float64 // powers of ten below which 2 and 5 are labelled too
}

// Ticks returns the marks between lo and hi.
func (t logTicks) Ticks(lo, hi float64) []plot.Tick {
	wide := math.Log10(hi / lo)
	every := max(1, math.Ceil(wide/(3*t.dense)))
	var ticks []plot.Tick
	for power := math.Floor(math.Log10(lo)); power <= math.Ceil(math.Log10(hi)); power++ {
		for _, digit := range []float64{1, 2, 5} {
			v := digit * math.Pow(10, power)
			if v < lo*0.999 || v > hi*1.001 {
				continue
			}
			tick := plot.Tick{Value: v}
			if digit == 1 && math.Mod(power, every) == 0 || wide < t.dense {
				tick.Label = short(t.format(v))
			}
			ticks = append(ticks, tick)
		}
	}
	return ticks
}

// evenTicks are the usual ones, with values written in their units.
type evenTicks struct {
	format func(float64) string
}

// Ticks returns the marks between lo and hi.
func (t evenTicks) Ticks(lo, hi float64) []plot.Tick {
	ticks := plot.DefaultTicks{}.Ticks(lo, hi)
	for i := range ticks {
		if ticks[i].Label != "" {
			ticks[i].Label = short(t.format(ticks[i].Value))
		}
	}
	return ticks
}

// byteTicks mark powers of two on a logarithmic axis.
type byteTicks struct{}

// Ticks returns the marks between lo and hi.
func (byteTicks) Ticks(lo, hi float64) []plot.Tick {
	every := max(1, math.Round(math.Log2(hi/lo)/5)) // about five of them
	var ticks []plot.Tick
	for power := every * math.Ceil(math.Log2(max(1, lo))/every); math.Exp2(power) <= hi; power += every {
		v := math.Exp2(power)
		ticks = append(ticks, plot.Tick{Value: v, Label: short(contest.Bytes.Format(v))})
	}
	return ticks
}

// short drops zeros behind the point: a mark is exact.
func short(text string) string {
	number, unit, _ := strings.Cut(text, " ")
	if strings.Contains(number, ".") {
		number = strings.TrimRight(strings.TrimRight(number, "0"), ".")
	}
	return strings.TrimSpace(number + " " + unit)
}

// logScale is plot.LogScale for limits that a rounding error may have made 0.
type logScale struct{}

// Normalize returns the place of x between lo and hi, as 0 to 1.
func (logScale) Normalize(lo, hi, x float64) float64 {
	x = math.Max(x, lo)
	return math.Log(x/lo) / math.Log(hi/lo)
}
