package stats

import "slices"

// A Distribution tells many values by their quantiles. It is what a curve is drawn
// from, and small enough to be kept beside a report.
type Distribution struct {
	N         int       `json:"n"`         // values there were
	Quantiles []float64 `json:"quantiles"` // at Levels
}

// levels lie close together where a tail begins.
var levels = makeLevels()

func makeLevels() []float64 {
	var l []float64
	for i := range 99 {
		l = append(l, float64(i)/100)
	}
	for i := range 10 {
		l = append(l, float64(990+i)/1000)
	}
	return append(l, 0.9995, 0.9999, 1)
}

// Levels are the parts at which a Distribution has its quantiles, ascending.
func Levels() []float64 { return slices.Clone(levels) }

// Describe returns the Distribution of values.
func Describe(values []float64) Distribution {
	sorted := known(values)
	slices.Sort(sorted)
	d := Distribution{N: len(sorted)}
	if d.N == 0 {
		return d
	}
	for _, q := range levels {
		d.Quantiles = append(d.Quantiles, quantileOf(sorted, q))
	}
	return d
}
