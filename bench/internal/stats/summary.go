package stats

import "math"

// A Summary is a median with its spread: the quartiles, between which half of the
// rounds lie. They bear a round that the machine spoilt, as a mean does not.
type Summary struct {
	Median, Low, High float64
	N                 int // rounds that gave a value
}

// Summarize returns the Summary of values. One without values is all NaN.
func Summarize(values []float64) Summary {
	return Summary{
		Median: Median(values),
		Low:    Quantile(values, 0.25),
		High:   Quantile(values, 0.75),
		N:      len(known(values)),
	}
}

// Known reports whether there was anything to summarize.
func (s Summary) Known() bool { return s.N > 0 && !math.IsNaN(s.Median) }

// Ratios divides round by round. A machine that gets slower in the middle of a run
// slows both sides of a round alike, so the ratios stand where the times drift.
// A round that lacks either side is NaN.
func Ratios(values, reference []float64) []float64 {
	ratios := make([]float64, min(len(values), len(reference)))
	for i := range ratios {
		ratios[i] = values[i] / reference[i]
		if math.IsInf(ratios[i], 0) {
			ratios[i] = math.NaN()
		}
	}
	return ratios
}
