package redlock_test

import (
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
)

// TestLatencyWithAHungMinority measures what a hung node costs at the 99th
// percentile. The figures belong to the machine, so that it asserts nothing unless
// DISTLOCK_TIMING=assert, for a machine with nothing else to do.
func TestLatencyWithAHungMinority(t *testing.T) {
	if os.Getenv("DISTLOCK_TIMING") == "" {
		t.Skip("measures: DISTLOCK_TIMING=print or =assert go test ./redlock -run Latency -v")
	}
	for _, n := range []int{3, 5} {
		r := newRig(t, n)
		l := r.lockerOver(r.ownClients(), distlock.Config{})
		r.warm(l)
		healthy := percentiles(t, l)
		r.freeze(0)
		hung := percentiles(t, l)
		for op, p := range healthy {
			t.Logf("%d nodes, %s: p99 %v healthy, %v with one hung", n, op, p, hung[op])
			if os.Getenv("DISTLOCK_TIMING") == "assert" {
				require.Less(t, hung[op], p+30*time.Millisecond)
			}
		}
		var attempts []time.Duration
		for i := range n/2 + 1 {
			r.freeze(i)
		}
		for range 20 {
			start := time.Now()
			_, err := l.TryAcquire(background, "k")
			require.ErrorIs(t, err, distlock.ErrUnavailable)
			attempts = append(attempts, time.Since(start))
		}
		longest := slices.Max(attempts)
		t.Logf("%d nodes, a majority hung: the longest of %d attempts %v", n, len(attempts), longest)
		if os.Getenv("DISTLOCK_TIMING") == "assert" {
			require.Less(t, longest, 350*time.Millisecond)
		}
	}
}

func percentiles(t *testing.T, l *distlock.Locker) map[string]time.Duration {
	t.Helper()
	times := make(map[string][]time.Duration)
	timed := func(op string, f func() error) {
		start := time.Now()
		require.NoError(t, f())
		times[op] = append(times[op], time.Since(start))
	}
	for i := range 500 {
		var h *distlock.Handle
		timed("acquire", func() (err error) {
			h, err = l.Acquire(background, fmt.Sprint("k", i))
			return err
		})
		timed("extend", func() error { return h.Extend(background, 0) })
		timed("release", func() error { return h.Release(background) })
	}
	p99 := make(map[string]time.Duration)
	for op, all := range times {
		slices.Sort(all)
		p99[op] = all[len(all)*99/100]
	}
	return p99
}
