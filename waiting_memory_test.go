package distlock_test

import (
	"context"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/redistest"
)

// TestAWaiterTakesLittleMemory: measured 0.9 to 1 KiB beyond a goroutine that waits for a
// channel. Of 2 KiB of stack half can be used, and one frame too many doubles it.
func TestAWaiterTakesLittleMemory(t *testing.T) {
	if redistest.Race {
		t.Skip("the race detector takes memory besides: go test without -race")
	}
	if !redistest.Optimized() {
		t.Skip("built without inlining, frames are others: go test without -gcflags=-l")
	}
	const waiters = 4000
	l, _ := newLocker(t, distlock.Config{
		MaxRetries: distlock.RetryForever,
	})
	h := acquire(t, l)
	defer h.Release(background)
	crowd := func(wait func(ctx context.Context, i int)) int {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var all sync.WaitGroup
		before := occupied()
		for i := range waiters {
			begun := make(chan struct{})
			all.Go(func() {
				close(begun)
				wait(ctx, i)
			})
			<-begun
		}
		for distlock.Waiting(l) > 0 && distlock.Waiting(l) < waiters {
			runtime.Gosched()
		}
		each := (occupied() - before) / waiters
		cancel()
		all.Wait()
		return each
	}
	parked := func(ctx context.Context, _ int) { <-ctx.Done() }
	waiting := func(ctx context.Context, _ int) { _, _ = l.Acquire(ctx, "k") }
	crowd(parked) // what the runtime keeps of goroutines that have ended is there before
	least := crowd(waiting) - crowd(parked)
	for range 4 { // the runtime has goroutines start with larger stacks where it finds large ones
		least = min(least, crowd(waiting)-crowd(parked))
	}
	require.LessOrEqual(t, least, 2048)
}

// occupied is how much the process occupies after a collection.
func occupied() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc + m.StackInuse)
}
