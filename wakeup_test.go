package distlock_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
)

// patient waits so long between looks that who is served soon was woken.
var patient = distlock.Config{MaxRetries: distlock.RetryForever, RetryDelay: 10 * time.Second, MaxRetryDelay: 10 * time.Second}

// soon is when who was woken has the lock.
const soon = time.Second

// hooked is a memory with a test's own doings in the middle of an Acquire.
type hooked struct {
	*memory
	during func()
}

func (s *hooked) Acquire(ctx context.Context, req distlock.Request) distlock.Result {
	res := s.memory.Acquire(ctx, req)
	if s.during != nil {
		s.during()
	}
	return res
}

func TestWhoIsWokenAndGoesWakesTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &hooked{memory: newMemory()}
		l, err := distlock.New(store, patient)
		require.NoError(t, err)
		store.hold("k", time.Hour)
		ctx, cancel := context.WithCancel(background)
		c := newCrowd(t, l)
		c.join(ctx, 1, 0)
		c.join(background, 2, 0)
		time.Sleep(15 * time.Second)
		synctest.Wait()
		store.drop("k")
		store.during = cancel
		freed := time.Now()
		require.True(t, store.tell())
		synctest.Wait()
		store.during = nil
		c.done.Wait()
		require.ErrorIs(t, c.errs[1], context.Canceled)
		require.Less(t, time.Since(freed), soon)
	})
}

func TestWhoComesFirstAndGoesWakesThoseWhoCameMeanwhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &hooked{memory: newMemory()}
		l, err := distlock.New(store, patient)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(background)
		c := newCrowd(t, l)
		store.during = func() {
			store.during = nil
			c.join(background, 2, 0)
			time.Sleep(time.Millisecond) // 2 stands behind
			cancel()
		}
		_, err = l.Acquire(ctx, "k")
		require.ErrorIs(t, err, context.Canceled)
		given := time.Now()
		c.done.Wait()
		require.Less(t, time.Since(given), soon)
	})
}

func TestAReleaseWakesWhoIsOnTheWayToTheQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &hooked{memory: newMemory()}
		l, err := distlock.New(store, patient)
		require.NoError(t, err)
		h := acquire(t, l)
		store.during = func() { // the next is refused, and does not know it yet
			store.during = nil
			require.NoError(t, h.Release(background))
		}
		freed := time.Now()
		next, err := l.Acquire(background, "k")
		require.NoError(t, err)
		require.Less(t, time.Since(freed), soon)
		require.NoError(t, next.Release(background))
	})
}

// failing is a memory whose hand-over releases and does not acquire.
type failing struct{ *memory }

func (s failing) HandOver(ctx context.Context, req distlock.Request, granted func(distlock.Result)) distlock.Result {
	res := s.Release(ctx, req)
	granted(s.result(*req.Successor, distlock.Unanswered, nil))
	return res
}

func TestAFailedHandOverToOneWhoseAttemptsAreUsedUpWakesTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg := patient
		cfg.MaxRetries = 1
		l, err := distlock.New(failing{newMemory()}, cfg)
		require.NoError(t, err)
		h, err := l.Acquire(background, "k", distlock.WithTTL(time.Hour))
		require.NoError(t, err)
		first := make(chan error, 1)
		go func() { _, err := l.Acquire(background, "k"); first <- err }()
		synctest.Wait()
		got := make(chan *distlock.Handle, 1)
		go func() {
			h, err := l.WaitForLock(background, "k", time.Hour)
			if err != nil {
				t.Error(err)
			}
			got <- h
		}()
		synctest.Wait()
		time.Sleep(time.Second)
		freed := time.Now()
		require.NoError(t, h.Release(background))
		require.ErrorIs(t, <-first, distlock.ErrUnavailable)
		next := <-got
		require.Less(t, time.Since(freed), soon)
		require.NoError(t, next.Release(background))
	})
}

// TestWhoGivesWayHoldsBackForAMomentAlone: those who come forward by hand-overs have
// looked at nothing, and no node knows of them.
func TestWhoGivesWayHoldsBackForAMomentAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		store.woken = true
		l, err := distlock.New(store, patient)
		require.NoError(t, err)
		h := acquire(t, l)
		c := newCrowd(t, l)
		for i := range 10 {
			c.join(background, i, time.Millisecond)
		}
		began := time.Now()
		require.NoError(t, h.Release(background))
		c.done.Wait()
		require.Less(t, time.Since(began), soon)
	})
}

func TestATryThatIsGrantedAndGivesBackWakesWhoWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &hooked{memory: newMemory()}
		l, err := distlock.New(store, patient)
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(background)
		c := newCrowd(t, l)
		store.during = func() {
			store.during = nil
			c.join(background, 1, 0) // and is refused
			time.Sleep(time.Millisecond)
			cancel()
		}
		_, err = l.TryAcquire(ctx, "k", distlock.WithTTL(time.Hour))
		require.ErrorIs(t, err, context.Canceled)
		require.Empty(t, store.owner("k"), "given back")
		given := time.Now()
		c.done.Wait()
		require.Less(t, time.Since(given), soon)
	})
}

// TestWhoComesToBeTheFirstIsToldToo: what is told is told the queue.
func TestWhoComesToBeTheFirstIsToldToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := newMemory()
		l, err := distlock.New(store, patient)
		require.NoError(t, err)
		store.hold("k", time.Hour)
		ctx, cancel := context.WithCancel(background)
		c := newCrowd(t, l)
		c.join(ctx, 1, 0)
		c.join(background, 2, 0)
		time.Sleep(time.Second) // 1 has been refused, and is told
		cancel()
		synctest.Wait()
		require.ErrorIs(t, c.errs[1], context.Canceled)
		store.drop("k")
		freed := time.Now()
		require.True(t, store.tell())
		c.done.Wait()
		require.Less(t, time.Since(freed), soon)
		require.False(t, store.tell(), "nobody waits any more")
	})
}

// slowEar is a memory whose first Await returns when it may.
type slowEar struct {
	*memory
	returns chan struct{}
	awaits  atomic.Int64
}

func (s *slowEar) Await(req distlock.Request, wake func()) (stop func()) {
	stop = s.memory.Await(req, wake)
	if s.awaits.Add(1) == 1 {
		<-s.returns
	}
	return stop
}

// TestWhoAwaitsLaterIsNotSilencedByWhoAwaitedBefore has one who is on the way from the
// store to his queue handed the lock, and another take his place.
func TestWhoAwaitsLaterIsNotSilencedByWhoAwaitedBefore(t *testing.T) {
	store := &slowEar{memory: newMemory(), returns: make(chan struct{})}
	l, err := distlock.New(store, patient)
	require.NoError(t, err)
	held, err := l.Acquire(background, "k", distlock.WithTTL(time.Hour))
	require.NoError(t, err)
	var both sync.WaitGroup
	acquire := func() {
		_, err := l.Acquire(background, "k", distlock.WithTTL(time.Hour))
		require.NoError(t, err)
	}
	both.Go(acquire)
	require.Eventually(t, func() bool { return store.awaits.Load() == 1 }, time.Minute, time.Millisecond)
	require.NoError(t, held.Release(background)) // to the first, who is in Await
	both.Go(acquire)
	time.Sleep(50 * time.Millisecond) // the second is refused, and awaits
	close(store.returns)
	require.Eventually(t, func() bool { return store.awaits.Load() == 2 }, time.Minute, time.Millisecond)
	time.Sleep(50 * time.Millisecond)
	store.drop("k")
	require.True(t, store.tell())
	both.Wait()
}
