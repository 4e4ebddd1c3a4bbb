package contest

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lilith/distlock/bench/internal/peer"
)

// The metrics of memory.
const (
	BytesEach      = "memory each"
	GoroutinesEach = "goroutines each"
	Traffic        = "requests a second, all waiting"
	TrafficOfFew   = "requests a second, one in a hundred waiting"
)

// A footprint is what the process occupies after a collection.
type footprint struct {
	bytes, goroutines float64 // stacks are among the bytes
}

func measureFootprint() footprint {
	runtime.GC()
	runtime.GC() // what finalizers let go
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return footprint{float64(m.HeapAlloc + m.StackInuse), float64(runtime.NumGoroutine())}
}

// each is what the growth since before is for each of n.
func (f footprint) each(before footprint, n int) footprint {
	return footprint{(f.bytes - before.bytes) / float64(n), (f.goroutines - before.goroutines) / float64(n)}
}

// hands is how many goroutines acquire a crowd of locks.
const hands = 32

// heldMemory acquires a crowd of locks and looks at what they occupy.
func heldMemory(ctx context.Context, e *Entrant, b Budget) (Sample, error) {
	// First a few, so that connections and stacks are not taken for the locks'.
	if _, err := acquireAll(ctx, e, e.keys("first", 4*hands)); err != nil {
		return Sample{}, err
	}
	keys := e.keys("held", b.Crowd)
	before := measureFootprint()
	locks, err := acquireAll(ctx, e, keys)
	each := measureFootprint().each(before, len(keys))
	releaseAll(ctx, locks)
	if err != nil {
		return Sample{}, err
	}
	return Sample{Values: map[string]float64{BytesEach: each.bytes, GoroutinesEach: each.goroutines}}, nil
}

func acquireAll(ctx context.Context, e *Entrant, keys []string) ([]peer.Lock, error) {
	locks := make([]peer.Lock, len(keys))
	errs := make([]error, hands)
	var next atomic.Int64
	var all sync.WaitGroup
	for h := range hands {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(keys)) && errs[h] == nil; i = next.Add(1) - 1 {
				locks[i], errs[h] = e.Lockers[0].Acquire(ctx, keys[i])
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return locks, err // the others say the same
		}
	}
	return locks, nil
}

// releaseAll releases what was acquired. That a lease has run out by then is no news.
func releaseAll(ctx context.Context, locks []peer.Lock) {
	var next atomic.Int64
	var all sync.WaitGroup
	for range hands {
		all.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(locks)); i = next.Add(1) - 1 {
				if locks[i] != nil {
					_ = locks[i].Release(ctx)
				}
			}
		})
	}
	all.Wait()
}

// waitingMemory has a crowd wait for one key, in one Locker, and looks at what they
// occupy beyond a goroutine that waits for nothing but a channel, and at what they
// send meanwhile; before that a hundredth of the crowd, to see whether the traffic
// grows with it.
func waitingMemory(ctx context.Context, e *Entrant, b Budget) (Sample, error) {
	held, err := e.Lockers[0].Acquire(ctx, e.Key+"wanted")
	if err != nil {
		return Sample{}, err
	}
	defer func() { _ = held.Release(ctx) }() // its lease may have run out: no news
	few, err := e.crowd(ctx, max(1, b.Crowd/100), b)
	if err != nil {
		return Sample{}, err
	}
	all, err := e.crowd(ctx, b.Crowd, b)
	if err != nil {
		return Sample{}, err
	}
	note := errors.Join(few.deserted, all.deserted)
	return Sample{Values: map[string]float64{
		BytesEach:      all.each.bytes,
		GoroutinesEach: all.each.goroutines,
		Traffic:        all.traffic,
		TrafficOfFew:   few.traffic,
	}}, note
}

// park has n goroutines wait for a channel, until the function returned is called.
func park(n int) (leave func()) {
	end := make(chan struct{})
	var all sync.WaitGroup
	for range n {
		begun := make(chan struct{})
		all.Go(func() {
			close(begun)
			<-end
		})
		<-begun
	}
	return func() {
		close(end)
		all.Wait()
	}
}

// startSmall has the runtime start goroutines with the smallest stack, as it does where
// most that it finds are small: a waiter is not charged for what others need.
func startSmall(n int) {
	leave := park(n)
	runtime.GC()
	leave()
}

// parkedGoroutine is what a goroutine costs that waits for a channel.
func parkedGoroutine(n int) footprint {
	before := measureFootprint()
	startSmall(n)
	leave := park(n)
	defer leave()
	return measureFootprint().each(before, n)
}

type crowdCost struct {
	each    footprint // beyond a goroutine that waits for a channel
	traffic float64   // requests a second

	// deserted says how many gave up. The cost is that of those who still wait.
	deserted error
}

// crowd has n goroutines wait for the key that is held.
func (e *Entrant) crowd(ctx context.Context, n int, b Budget) (crowdCost, error) {
	ctx, cancel := context.WithCancel(ctx)
	park(2 * n)() // what the runtime keeps of goroutines that have ended is there before
	parked := parkedGoroutine(n)
	before := measureFootprint()
	startSmall(n)
	var all sync.WaitGroup
	var got, gaveUp atomic.Int64
	var reason atomic.Pointer[error]
	for range n {
		begun := make(chan struct{})
		all.Go(func() {
			close(begun)
			lock, err := e.Lockers[0].Acquire(ctx, e.Key+"wanted")
			switch {
			case err == nil:
				got.Add(1)
				_ = lock.Release(context.WithoutCancel(ctx))
			case ctx.Err() == nil:
				gaveUp.Add(1)
				reason.Store(&err)
			}
		})
		<-begun
	}
	traffic, err := e.traffic(ctx, n, b)
	waiting := n - int(gaveUp.Load())
	cost := crowdCost{each: measureFootprint().each(before, max(1, waiting)), traffic: traffic}
	cancel()
	all.Wait()
	cost.each.bytes -= parked.bytes
	cost.each.goroutines -= parked.goroutines
	switch {
	case err != nil:
		return cost, err
	case got.Load() > 0:
		return cost, fmt.Errorf("%d of %d waiters got a lock that another holds", got.Load(), n)
	case waiting < n:
		cost.deserted = fmt.Errorf("%d of %d waiters gave up, one with: %w", n-waiting, n, *reason.Load())
	}
	return cost, nil
}

// traffic returns the requests a second of n who wait, once the first attempts are
// over: when a window has seen a tenth of them at most, or all have surely had their
// second. At the end of patience it takes what there is.
func (e *Entrant) traffic(ctx context.Context, n int, b Budget) (float64, error) {
	total := 0
	for end := time.Now().Add(b.Patience); ; {
		before, err := e.Arena.Requests(ctx, e.Contestant.Sends)
		if err != nil {
			return 0, err
		}
		began := time.Now()
		pause(ctx, b.Window)
		after, err := e.Arena.Requests(ctx, e.Contestant.Sends)
		if err != nil {
			return 0, err
		}
		sent, took := after-before, time.Since(began)
		total += sent
		if 10*sent <= n || total >= 2*n*len(e.Arena.Servers) || time.Now().After(end) {
			return float64(sent) / took.Seconds(), nil
		}
	}
}
