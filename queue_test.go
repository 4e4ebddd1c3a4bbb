package distlock_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
)

var forever = distlock.Config{MaxRetries: distlock.RetryForever}

// A crowd are waiters for "k", and what became of them.
type crowd struct {
	t    *testing.T
	l    *distlock.Locker
	done sync.WaitGroup

	mu     sync.Mutex
	served []int // who had the lock, in order
	errs   map[int]error
}

func newCrowd(t *testing.T, l *distlock.Locker) *crowd {
	return &crowd{t: t, l: l, errs: make(map[int]error)}
}

// join has waiter i come and, once it has the lock, hold it for so long.
func (c *crowd) join(ctx context.Context, i int, hold time.Duration) {
	c.done.Go(func() {
		h, err := c.l.Acquire(ctx, "k")
		c.mu.Lock()
		if err != nil {
			c.errs[i] = err
		} else {
			c.served = append(c.served, i)
		}
		c.mu.Unlock()
		if err != nil {
			return
		}
		time.Sleep(hold)
		if err := h.Release(background); err != nil {
			c.t.Errorf("waiter %d: %v", i, err)
		}
	})
	synctest.Wait()
}

func TestWaitersOfAProcessAreServedInTheOrderInWhichTheyCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, forever)
		h := acquire(t, l)
		c := newCrowd(t, l)
		for i := range 6 {
			c.join(background, i, time.Millisecond)
		}
		require.NoError(t, h.Release(background))
		c.done.Wait()
		require.Equal(t, []int{0, 1, 2, 3, 4, 5}, c.served)
		require.Len(t, store.made("handover"), 6, "each is handed it in one request")
		require.Len(t, store.made("release"), 1)
		require.Empty(t, store.owner("k"))
	})
}

func TestOnlyTheFirstOfAProcessAsksTheNodes(t *testing.T) {
	looks := func(waiters int) int {
		n := 0
		synctest.Test(t, func(t *testing.T) {
			l, store := newLocker(t, forever)
			store.hold("k", time.Minute)
			ctx, cancel := context.WithTimeout(background, 30*time.Second)
			defer cancel()
			c := newCrowd(t, l)
			for i := range waiters {
				c.join(ctx, i, 0)
			}
			c.done.Wait()
			n = len(store.made("acquire"))
			require.Len(t, c.errs, waiters)
			for _, err := range c.errs {
				require.ErrorIs(t, err, distlock.ErrHeld)
				require.ErrorIs(t, err, context.DeadlineExceeded)
				var failed *distlock.AcquisitionError
				require.ErrorAs(t, err, &failed)
				require.Greater(t, failed.Attempts, 10, "the looks of the first were everybody's")
				require.Len(t, failed.Votes, 1)
			}
		})
		return n
	}
	require.InDelta(t, looks(1), looks(1000), 10)
}

func TestManyWhoseAttemptsAreCountedMakeThemTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{MaxRetries: 3})
		store.hold("k", time.Minute)
		c := newCrowd(t, l)
		for i := range 200 {
			c.join(background, i, 0)
		}
		c.done.Wait()
		require.Len(t, c.errs, 200)
		for _, err := range c.errs {
			var failed *distlock.AcquisitionError
			require.ErrorAs(t, err, &failed)
			require.ErrorIs(t, err, distlock.ErrHeld)
			require.Equal(t, 4, failed.Attempts)
		}
		require.Less(t, len(store.made("acquire")), 40)
	})
}

func TestALockIsHandedOnOnlySoManyTimesInARow(t *testing.T) {
	for _, woken := range []bool{false, true} {
		t.Run(fmt.Sprintf("somebody elsewhere waits=%v", woken), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				l, store := newLocker(t, forever)
				store.woken = woken
				h := acquire(t, l)
				c := newCrowd(t, l)
				for i := range 20 {
					c.join(background, i, time.Millisecond)
				}
				require.NoError(t, h.Release(background))
				c.done.Wait()
				require.Len(t, c.served, 20)
				require.Len(t, store.made("release"), 3, "it was given up after each eight, and at last")
				given := store.made("release")[0].at
				for _, look := range store.made("acquire") {
					if look.at.Before(given) {
						continue
					}
					if woken {
						require.GreaterOrEqual(t, look.at.Sub(given), 5*time.Millisecond, "the others had no turn")
					} else {
						require.Equal(t, given, look.at, "nobody else waits: no time is lost")
					}
					break
				}
			})
		})
	}
}

func TestTryAcquireStandsInNoQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, forever)
		store.hold("k", 10*time.Second)
		ctx, cancel := context.WithCancel(background)
		c := newCrowd(t, l)
		c.join(ctx, 0, 0)
		start := time.Now()
		_, err := l.TryAcquire(background, "k")
		require.ErrorIs(t, err, distlock.ErrHeld)
		require.Zero(t, time.Since(start))
		cancel()
		c.done.Wait()
	})
}

func TestWhoLeavesTheQueueLeavesItToTheNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, forever)
		store.hold("k", 5*time.Second)
		ctx, cancel := context.WithCancelCause(background)
		c := newCrowd(t, l)
		c.join(ctx, 0, 0)
		c.join(background, 1, 0)
		c.join(ctx, 2, 0)
		time.Sleep(time.Second)
		cancel(errors.New("enough"))
		synctest.Wait()
		require.Len(t, c.errs, 2)
		for _, err := range c.errs {
			require.ErrorIs(t, err, distlock.ErrHeld)
			require.ErrorContains(t, err, "enough")
		}
		c.done.Wait()
		require.Equal(t, []int{1}, c.served)
		require.Zero(t, distlock.Waiting(l))
	})
}

func TestWhoIsHandedNothingIsFirstAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, forever)
		h := acquire(t, l)
		c := newCrowd(t, l)
		c.join(background, 0, 0)
		c.join(background, 1, 0)
		store.answers("handover", distlock.Unanswered)
		require.ErrorIs(t, h.Release(background), distlock.ErrUnavailable)
		store.answers("handover", distlock.Agreed)
		store.drop("k") // the store's clean-up
		c.done.Wait()
		require.Equal(t, []int{0, 1}, c.served)
	})
}

func TestWhatCannotBeMendedEndsAllWhoWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, forever)
		store.hold("k", time.Minute)
		c := newCrowd(t, l)
		for i := range 5 {
			c.join(background, i, 0)
		}
		store.answers("acquire", distlock.Rejected)
		start := time.Now()
		c.done.Wait()
		require.Less(t, time.Since(start), 3*time.Second)
		for _, err := range c.errs {
			require.ErrorIs(t, err, distlock.ErrRejected)
		}
		require.Len(t, c.errs, 5)
	})
}

func TestWhatIsHandedToOneWhoHasGoneIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, forever)
		h := acquire(t, l)
		ctx, cancel := context.WithCancel(background)
		c := newCrowd(t, l)
		c.join(ctx, 0, 0)
		c.join(background, 1, 0)
		store.delays("handover", 50*time.Millisecond)
		go func() {
			time.Sleep(20 * time.Millisecond)
			cancel()
		}()
		start := time.Now()
		require.NoError(t, h.Release(background))
		c.done.Wait()
		require.ErrorIs(t, c.errs[0], context.Canceled)
		require.Equal(t, []int{1}, c.served)
		require.Less(t, time.Since(start), 200*time.Millisecond, "the next waited for no poll")
		require.Empty(t, store.owner("k"))
	})
}

func TestWhoIsHandedALockHasItOnHisOwnTerms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, forever)
		h := acquire(t, l)
		got := make(chan *distlock.Handle)
		go func() {
			next, err := l.Acquire(background, "k", distlock.WithTTL(3*time.Second), distlock.WithAutoExtend())
			if err != nil {
				t.Error(err)
			}
			got <- next
		}()
		synctest.Wait()
		before := time.Now()
		require.NoError(t, h.Release(background))
		next := <-got
		require.Greater(t, next.FencingToken(), h.FencingToken())
		require.Equal(t, 3*time.Second, store.made("handover")[0].req.Successor.TTL)
		require.WithinDuration(t, before.Add(3*time.Second-32*time.Millisecond), next.ValidUntil(), time.Millisecond)
		time.Sleep(10 * time.Second)
		require.True(t, next.IsHeld(), "it is renewed")
		require.NoError(t, next.Release(background))
	})
}

func TestALeaseHandedOverTooLateIsNoLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{TTL: time.Second, NodeTimeout: 900 * time.Millisecond, MaxRetries: distlock.RetryForever})
		h := acquire(t, l, distlock.WithTTL(time.Minute))
		c := newCrowd(t, l)
		c.join(background, 0, 0)
		store.delays("handover", 995*time.Millisecond)
		require.NoError(t, h.Release(background))
		c.done.Wait()
		require.Equal(t, []int{0}, c.served)
		require.Len(t, store.made("acquire"), 3, "what came too late was given back, and it looked again")
	})
}

func TestANotificationHasTheFirstLookAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{MaxRetries: distlock.RetryForever, RetryDelay: time.Hour, MaxRetryDelay: time.Hour})
		store.hold("k", 24*time.Hour)
		c := newCrowd(t, l)
		c.join(background, 0, 0)
		c.join(background, 1, 0)
		store.drop("k")
		start := time.Now()
		time.Sleep(time.Minute)
		require.True(t, store.tell())
		c.done.Wait()
		require.Equal(t, []int{0, 1}, c.served)
		require.Equal(t, time.Minute, time.Since(start))
		require.False(t, store.tell(), "nobody waits any more")
	})
}

func TestWithoutWakeupsNobodyIsToldAndNobodyTells(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{MaxRetries: 2, NoWakeups: true})
		h := acquire(t, l)
		_, err := l.Acquire(background, "k")
		require.ErrorIs(t, err, distlock.ErrHeld)
		require.NoError(t, h.Release(background))
		require.Empty(t, store.made("await"))
		require.False(t, store.made("release")[0].req.Wake)
	})
}

func TestCloseEndsTheWholeQueue(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, forever)
		store.hold("k", time.Minute)
		c := newCrowd(t, l)
		for i := range 10 {
			c.join(background, i, 0)
		}
		require.NoError(t, l.Close())
		c.done.Wait()
		for _, err := range c.errs {
			require.ErrorIs(t, err, distlock.ErrClosed)
			require.ErrorIs(t, err, distlock.ErrHeld)
		}
		require.Len(t, c.errs, 10)
		require.Zero(t, distlock.Waiting(l))
	})
}
