package redistest

import (
	"fmt"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
)

// Pair acquires and releases a free lock.
func Pair(tb testing.TB, l *distlock.Locker) {
	h, err := l.Acquire(tb.Context(), "report:2026-11")
	require.NoError(tb, err)
	require.NoError(tb, h.Release(tb.Context()))
}

// Allocations returns how many allocations acquiring and releasing a free lock takes,
// go-redis's included.
func Allocations(tb testing.TB, l *distlock.Locker) float64 {
	if Race {
		tb.Skip("the race detector allocates besides: go test without -race")
	}
	if !Optimized() {
		tb.Skip("built without inlining, allocations are others: go test without -gcflags=-l")
	}
	for range 200 { // connections, scripts, goroutines and their stacks
		Pair(tb, l)
	}
	// The least of some: on a busy machine a run may meet a timeout, or requests that
	// share a pipeline.
	least := testing.AllocsPerRun(100, func() { Pair(tb, l) })
	for range 9 {
		least = min(least, testing.AllocsPerRun(100, func() { Pair(tb, l) }))
	}
	return least
}

// Optimized reports whether the compiler inlines: if not, allocations and frames are
// others.
//
//go:noinline
func Optimized() bool {
	return testing.AllocsPerRun(10, func() { sink = *escaping(sink) }) == 0
}

var sink int

// escaping allocates, unless it is inlined.
func escaping(i int) *int { return &i }

var calls = regexp.MustCompile(`cmdstat_(\w+):calls=(\d+)`)

// Requests returns how often the server ran each command, by name, since
// ForgetRequests. What scripts call within counts too.
func (s *Server) Requests() map[string]int {
	found := make(map[string]int)
	for _, m := range calls.FindAllStringSubmatch(fmt.Sprint(s.Do("INFO", "commandstats")), -1) {
		found[m[1]], _ = strconv.Atoi(m[2])
	}
	return found
}

// ForgetRequests begins a new count.
func (s *Server) ForgetRequests() { s.Do("CONFIG", "RESETSTAT") }
