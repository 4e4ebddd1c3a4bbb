package distlock_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
)

// chancy is a memory that takes a random time for every request, before it is carried out
// and after.
type chancy struct {
	*memory
	mu   sync.Mutex
	rand *rand.Rand
}

func (s *chancy) pause() {
	s.mu.Lock()
	d := time.Duration(s.rand.IntN(4)) * 100 * time.Microsecond
	s.mu.Unlock()
	time.Sleep(d)
}

func (s *chancy) Acquire(ctx context.Context, req distlock.Request) distlock.Result {
	s.pause()
	defer s.pause()
	return s.memory.Acquire(ctx, req)
}

func (s *chancy) Release(ctx context.Context, req distlock.Request) distlock.Result {
	s.pause()
	defer s.pause()
	return s.memory.Release(ctx, req)
}

func (s *chancy) HandOver(ctx context.Context, req distlock.Request, granted func(distlock.Result)) distlock.Result {
	s.pause()
	defer s.pause()
	return s.memory.HandOver(ctx, req, func(r distlock.Result) { s.pause(); granted(r) })
}

// TestNobodyWaitsLongForAFreeLock has workers of one Locker come, wait, give up and
// release at random, without a word from the nodes: whatever is told is told in the
// process.
func TestNobodyWaitsLongForAFreeLock(t *testing.T) {
	for seed := range uint64(300) {
		synctest.Test(t, func(t *testing.T) { comeAndGo(t, seed) })
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

func comeAndGo(t *testing.T, seed uint64) {
	cfg := patient
	cfg.TTL = time.Hour
	l, err := distlock.New(&chancy{memory: newMemory(), rand: rand.New(rand.NewPCG(seed, 0))}, cfg)
	require.NoError(t, err)
	site := &site{freed: time.Now()}
	var all sync.WaitGroup
	for worker := range uint64(5) {
		r := rand.New(rand.NewPCG(seed, worker+1))
		all.Go(func() {
			for range 12 {
				time.Sleep(time.Duration(r.IntN(6)) * 200 * time.Microsecond)
				ctx, cancel := background, context.CancelFunc(func() {})
				if r.IntN(3) == 0 {
					ctx, cancel = context.WithTimeout(ctx, time.Duration(r.IntN(20))*100*time.Microsecond)
				}
				came := time.Now()
				h, err := l.Acquire(ctx, "k")
				cancel()
				if err != nil {
					continue
				}
				if err := site.enter(came); err != nil {
					t.Error(err)
				}
				time.Sleep(time.Duration(r.IntN(5)) * 100 * time.Microsecond)
				site.leave()
				if err := h.Release(background); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	time.Sleep(time.Second) // what was given back
	require.Zero(t, distlock.Waiting(l))
}

// A site is what the lock is for.
type site struct {
	mu    sync.Mutex
	taken bool
	freed time.Time
}

// enter returns an error where somebody is there, or where nobody was for long although
// the one who enters, who came then, waited.
func (s *site) enter(came time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.taken {
		return fmt.Errorf("two have the lock")
	}
	s.taken = true
	from := s.freed
	if came.After(from) {
		from = came
	}
	if d := time.Since(from); d > 50*time.Millisecond {
		return fmt.Errorf("waited %v for a free lock", d)
	}
	return nil
}

func (s *site) leave() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken, s.freed = false, time.Now()
}
