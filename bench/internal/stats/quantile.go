package stats

import (
	"math"
	"slices"
)

// Quantile returns the value below which the part q of values lies, between two
// neighbours in proportion; NaN where there are none. values stay as they are.
func Quantile(values []float64, q float64) float64 {
	sorted := known(values)
	slices.Sort(sorted)
	return quantileOf(sorted, q)
}

// Median is Quantile of one half.
func Median(values []float64) float64 { return Quantile(values, 0.5) }

// Mean returns the arithmetic mean, NaN where there are no values.
func Mean(values []float64) float64 {
	sum := 0.0
	values = known(values)
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

func quantileOf(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	below := int(math.Floor(at))
	above := min(below+1, len(sorted)-1)
	part := at - float64(below)
	return sorted[below]*(1-part) + sorted[above]*part
}

func known(values []float64) []float64 {
	kept := make([]float64, 0, len(values))
	for _, v := range values {
		if !math.IsNaN(v) {
			kept = append(kept, v)
		}
	}
	return kept
}
