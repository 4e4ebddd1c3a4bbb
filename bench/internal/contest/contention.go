package contest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lilith/distlock/bench/internal/peer"
	"github.com/lilith/distlock/bench/internal/stats"
)

// The metrics of one contended key.
const (
	SectionTime = "time a section"
	PerSection  = "requests a section"
	Fairness    = "Jain's fairness"
	MeanWait    = "mean wait"
	LongestWait = "longest wait"
	WaitSpread  = "longest wait ÷ mean"
)

// oneKey has workers fight for one key: each acquires it, holds it, releases it and
// thinks. The worker's Locker is the one at its number, going round.
func oneKey(workers int, hold, think time.Duration) func(context.Context, *Entrant, Budget) (Sample, error) {
	return func(ctx context.Context, e *Entrant, b Budget) (Sample, error) {
		before, err := e.Arena.Requests(ctx, e.Contestant.Sends)
		if err != nil {
			return Sample{}, err
		}
		bounded, cancel := context.WithTimeout(ctx, b.Patience)
		defer cancel()
		f := &fight{
			key: e.Key + "one", hold: hold, think: think, sections: int64(b.Sections),
			stop: cancel, began: time.Now(),
		}
		var all sync.WaitGroup
		f.workers = make([]worker, workers)
		for i := range workers {
			all.Go(func() { f.work(bounded, i, e.Lockers[i%len(e.Lockers)]) })
		}
		all.Wait()
		f.took = time.Since(f.began)
		after, err := e.Arena.Requests(ctx, e.Contestant.Sends)
		if err != nil {
			return Sample{}, err
		}
		return f.sample(after - before)
	}
}

// A fight is the struggle of workers for one key.
type fight struct {
	key         string
	hold, think time.Duration
	sections    int64 // wanted
	stop        context.CancelFunc
	began       time.Time
	took        time.Duration // set when all have ended

	entered atomic.Int64 // critical sections
	inside  atomic.Int64 // workers in one
	twice   atomic.Int64 // times that two were

	mu      sync.Mutex
	turns   []Turn
	failure error

	workers []worker // each its own
}

// A worker's account.
type worker struct {
	done       int
	waits      []float64 // in seconds
	unfinished float64   // the wait that the end cut short
}

func (f *fight) work(ctx context.Context, i int, l peer.Locker) {
	w := &f.workers[i]
	for ctx.Err() == nil {
		asked := time.Now()
		lock, err := l.Acquire(ctx, f.key)
		waited := time.Since(asked).Seconds()
		if err != nil {
			if ctx.Err() != nil {
				w.unfinished = waited
				return
			}
			f.fail(err)
			pause(ctx, time.Millisecond) // an error at once must not make a hot loop
			continue
		}
		n := f.entered.Add(1)
		if n <= f.sections {
			w.waits = append(w.waits, waited)
			w.done++
			f.section(i)
		}
		f.fail(lock.Release(context.WithoutCancel(ctx)))
		if n >= f.sections {
			f.stop()
			return
		}
		pause(ctx, f.think)
	}
}

// section is the critical section itself.
func (f *fight) section(worker int) {
	if f.inside.Add(1) != 1 {
		f.twice.Add(1)
	}
	start := time.Since(f.began)
	time.Sleep(f.hold)
	end := time.Since(f.began)
	f.inside.Add(-1)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.turns = append(f.turns, Turn{worker, start, end})
}

func (f *fight) fail(err error) {
	if err == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failure = err
}

// pause sleeps, unless ctx ends first.
func pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// sample tells the fight in figures. Only after all workers have ended.
func (f *fight) sample(requests int) (Sample, error) {
	if n := f.twice.Load(); n > 0 {
		return Sample{}, fmt.Errorf("two workers were in the critical section at once, %d times", n)
	}
	if len(f.turns) == 0 {
		return Sample{}, errors.Join(errors.New("nobody got the lock"), f.failure)
	}
	var waits, shares []float64
	longest := 0.0
	for _, w := range f.workers {
		shares = append(shares, float64(w.done))
		for _, wait := range append(w.waits, w.unfinished) {
			longest = max(longest, wait)
		}
		waits = append(waits, w.waits...)
	}
	n := float64(len(f.turns))
	took := f.turns[len(f.turns)-1].End
	if int64(len(f.turns)) < f.sections {
		took = f.took // it was cut short, and may have stood still at the end
	}
	mean := stats.Mean(waits)
	return Sample{
		Values: map[string]float64{
			SectionTime: took.Seconds() / n,
			PerSection:  float64(requests) / n,
			Fairness:    stats.Jain(shares),
			MeanWait:    mean,
			LongestWait: longest,
			WaitSpread:  longest / mean,
		},
		Latency: map[string][]float64{"wait": waits},
		Turns:   f.turns,
	}, f.failure
}
