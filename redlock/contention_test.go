package redlock_test

import (
	"errors"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
)

// TestTokensRiseAndHoldersNeverOverlapUnderRandomStops has 32 goroutines in four
// Lockers contend for one key on five nodes while nodes stop and go on, two at
// most at a time. DISTLOCK_SEED replays the stops of a run, as far as a machine
// can.
func TestTokensRiseAndHoldersNeverOverlapUnderRandomStops(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	if s := os.Getenv("DISTLOCK_SEED"); s != "" {
		var err error
		seed, err = strconv.ParseUint(s, 10, 64)
		require.NoError(t, err)
	}
	t.Logf("DISTLOCK_SEED=%d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	r := newRig(t, 5)
	var inside atomic.Int32
	var last, sections atomic.Int64
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for range 4 {
		l := r.lockerOver(r.ownClients(), distlock.Config{
			TTL: 20 * time.Second, MaxRetries: distlock.RetryForever,
			RetryDelay: 5 * time.Millisecond, MaxRetryDelay: 100 * time.Millisecond,
		})
		for range 8 {
			wg.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
					}
					h, err := l.WaitForLock(background, "k", 2*time.Minute)
					if err != nil {
						t.Error(err)
						return
					}
					if inside.Add(1) != 1 {
						t.Error("two holders")
					}
					if before := last.Swap(h.FencingToken()); h.FencingToken() <= before {
						t.Errorf("token %d after %d", h.FencingToken(), before)
					}
					sections.Add(1)
					inside.Add(-1)
					// Unknown is fair, with two nodes of five hung; lost is not.
					if err := h.Release(background); err != nil && !errors.Is(err, distlock.ErrUnavailable) {
						t.Error(err)
					}
				}
			})
		}
	}
	end := time.Now().Add(10 * time.Second)
	for time.Now().Before(end) {
		down := random.Perm(5)[:random.IntN(3)]
		r.freeze(down...)
		time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond)
		r.thaw(down...)
		time.Sleep(time.Duration(random.IntN(100)) * time.Millisecond)
	}
	close(stop)
	wg.Wait()
	t.Logf("%d critical sections", sections.Load())
	require.Greater(t, sections.Load(), int64(10))
	r.requireGone()
}
