package chaos

import (
	"context"
	"math"
	"sync"
	"time"
)

// rateTick is how often a clock that runs at another rate is put right, which is as
// much as a key may be off that was set since.
const rateTick = 20 * time.Millisecond

// A rate has a node's clock run fast or slow, by a small jump each tick.
type rate struct {
	n *node

	mu   sync.Mutex // held while the goroutine is begun or ended
	stop context.CancelFunc
	done sync.WaitGroup
}

// set ends the rate that held; where r is not 1, that begins.
func (r *rate) set(times float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stop != nil {
		r.stop()
		r.done.Wait()
		r.stop = nil
	}
	if times == 1 {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	r.done.Go(func() { r.run(ctx, times) })
}

func (r *rate) run(ctx context.Context, times float64) {
	ticker := time.NewTicker(rateTick)
	defer ticker.Stop()
	last, owed := time.Now(), 0.0 // milliseconds, of which keys know whole ones alone
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-ticker.C:
			owed += float64(now.Sub(last)) / float64(time.Millisecond) * (times - 1)
			last = now
		}
		whole := math.Trunc(owed)
		if whole == 0 {
			continue
		}
		owed -= whole
		// While the node is down or frozen its keys are let be: by when it is back
		// others may stand in their place.
		_ = r.n.JumpClock(ctx, time.Duration(whole)*time.Millisecond)
	}
}

// RateClock has the node's clock run so many times as fast as is right, until it is
// set to 1.
func (n *node) RateClock(ctx context.Context, times float64) error {
	if !(times > 0) || math.IsInf(times, 1) {
		return n.err("rate clock", ErrUnsupported)
	}
	if times != 1 {
		if err := n.JumpClock(ctx, 0); err != nil { // as those at each tick would fail
			return err
		}
	}
	n.rate.set(times)
	return nil
}
