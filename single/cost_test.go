package single_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/redistest"
	"github.com/lilith/distlock/single"
)

// configs are what the cost of a lock depends on.
var configs = map[string]distlock.Config{"fencing": {}, "no fencing": {NoFencing: true}}

// TestAnUncontendedLockTakesFewAllocations: measured 15 on a connection that allocates
// nothing itself, and 22 on a socket, which go-redis looks at before each use. Of
// those, 9 are go-redis's.
func TestAnUncontendedLockTakesFewAllocations(t *testing.T) {
	for name, cfg := range configs {
		t.Run(name, func(t *testing.T) {
			l, err := single.New(redistest.Instant(t), cfg)
			require.NoError(t, err)
			require.LessOrEqual(t, redistest.Allocations(t, l), 17.0)
		})
		t.Run(name+", on a socket", func(t *testing.T) {
			l, err := single.New(redistest.Start(t).Client(), cfg)
			require.NoError(t, err)
			require.LessOrEqual(t, redistest.Allocations(t, l), 24.0)
		})
	}
}

func TestAnUncontendedLockTakesTwoRequests(t *testing.T) {
	server := redistest.Start(t)
	for name, cfg := range configs {
		t.Run(name, func(t *testing.T) {
			cfg.NodeTimeout = 10 * time.Second // a busy machine asks nothing twice
			l, err := single.New(server.Client(), cfg)
			require.NoError(t, err)
			redistest.Pair(t, l)
			server.ForgetRequests()
			for range 100 {
				redistest.Pair(t, l)
			}
			requests := server.Requests()
			require.Equal(t, 200, requests["evalsha"])
			require.Zero(t, requests["eval"], "the node has learned the scripts")
		})
	}
}

func BenchmarkUncontended(b *testing.B) {
	for name, cfg := range configs {
		l, err := single.New(redistest.Instant(b), cfg)
		require.NoError(b, err)
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				redistest.Pair(b, l)
			}
		})
	}
}
