package stats

import "math"

// Jain returns Jain's fairness index of what each got: 1 where all got the same,
// 1/n where one of n got everything, NaN where nobody got anything.
func Jain(shares []float64) float64 {
	sum, squares := 0.0, 0.0
	for _, s := range shares {
		sum += s
		squares += s * s
	}
	if squares == 0 {
		return math.NaN()
	}
	return sum * sum / (float64(len(shares)) * squares)
}
