package contest

import (
	"context"
	"fmt"
	"runtime"
	"strconv"
	"time"
)

// keyRing is how many keys a turn goes round: enough that a key left behind by who
// goes on at a majority has gone before it comes round again.
const keyRing = 1024

func (e *Entrant) keys(name string, n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = e.Key + name + strconv.Itoa(i)
	}
	return keys
}

// oneByOne acquires and releases free locks, one after the other, on one goroutine.
func oneByOne(ctx context.Context, e *Entrant, b Budget) (Sample, error) {
	keys := e.keys("", min(keyRing, b.Ops))
	acquire := make([]float64, 0, b.Ops)
	release := make([]float64, 0, b.Ops)
	failures := 0
	var failure error
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	end := time.Now().Add(b.Patience)
	done := 0
	for ; done < b.Ops && (done == 0 || time.Now().Before(end)); done++ {
		t0 := time.Now()
		lock, err := e.Lockers[0].Acquire(ctx, keys[done%len(keys)])
		t1 := time.Now()
		if err == nil {
			acquire = append(acquire, t1.Sub(t0).Seconds())
			err = lock.Release(ctx)
			release = append(release, time.Since(t1).Seconds())
		}
		if err != nil {
			failures, failure = failures+1, err
		}
	}
	runtime.ReadMemStats(&after)
	s := latencies(acquire, release)
	s.Values[Failures] = float64(failures) / float64(done)
	s.Values[Allocs] = float64(after.Mallocs-before.Mallocs) / float64(done)
	if failure != nil {
		failure = fmt.Errorf("%d of %d failed, the last with: %w", failures, done, failure)
	}
	return s, failure
}
