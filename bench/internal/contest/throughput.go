package contest

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/lilith/distlock/bench/internal/stats"
)

// The metrics of many goroutines.
const (
	Rate    = "locks a second"
	LockP50 = "acquire + release, p50"
	LockP99 = "acquire + release, p99"
)

// ringEach is how many keys each of many goroutines goes round.
const ringEach = 16

// apart has goroutines acquire and release keys of their own, for the window. No node
// is unwell here: who needs much longer has missed what it waits for, and is cut off.
func apart(goroutines int) func(context.Context, *Entrant, Budget) (Sample, error) {
	return func(ctx context.Context, e *Entrant, b Budget) (s Sample, err error) {
		err = bounded(ctx, b.Window+b.Patience, func(ctx context.Context) (err error) {
			s, err = race(ctx, e, goroutines, b.Window)
			return err
		})
		return s, err
	}
}

func race(ctx context.Context, e *Entrant, goroutines int, window time.Duration) (Sample, error) {
	spins := make([]spin, goroutines)
	start := make(chan struct{})
	var began time.Time // set before start is closed
	var workers sync.WaitGroup
	for g := range spins {
		keys := e.keys(strconv.Itoa(g)+"-", ringEach)
		workers.Go(func() {
			<-start
			spins[g].run(ctx, e, keys, began.Add(window))
		})
	}
	began = time.Now()
	close(start)
	workers.Wait()
	return together(spins, began)
}

// A spin is what one goroutine did.
type spin struct {
	times   []float64 // of each lock, in seconds
	last    time.Time // that one was released
	failed  int
	failure error
}

// run goes round the keys until the end, and at least once.
func (s *spin) run(ctx context.Context, e *Entrant, keys []string, end time.Time) {
	for i := 0; i == 0 || time.Now().Before(end) && ctx.Err() == nil; i++ {
		began := time.Now()
		lock, err := e.Lockers[0].Acquire(ctx, keys[i%len(keys)])
		if err == nil {
			err = lock.Release(ctx)
		}
		if err != nil {
			s.failed, s.failure = s.failed+1, err
			continue
		}
		s.last = time.Now()
		s.times = append(s.times, s.last.Sub(began).Seconds())
	}
}

// together makes one sample of all goroutines. The clock stops at the last lock, not
// when a goroutine that hangs has been cut off: how many hang is told as failures.
func together(spins []spin, began time.Time) (Sample, error) {
	var all []float64
	var failure error
	failed, last := 0, began
	for _, s := range spins {
		all, failed = append(all, s.times...), failed+s.failed
		if s.last.After(last) {
			last = s.last
		}
		if s.failure != nil {
			failure = s.failure
		}
	}
	done := failed + len(all)
	if failure != nil {
		failure = fmt.Errorf("%d of %d failed, one with: %w", failed, done, failure)
	}
	return Sample{Values: map[string]float64{
		Rate:     float64(len(all)) / last.Sub(began).Seconds(), // NaN where there was none
		LockP50:  stats.Median(all),
		LockP99:  stats.Quantile(all, 0.99),
		Failures: float64(failed) / float64(max(1, done)),
	}}, failure
}
