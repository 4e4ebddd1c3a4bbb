// Package stats has the few figures that a comparison is told in: medians and
// quartiles, ratios of rounds that ran side by side, and Jain's fairness. A value
// that could not be measured is NaN, and is left out rather than counted as 0.
package stats
