//go:build race

package redistest

// Race reports whether the race detector is on, under which allocations are others.
const Race = true
