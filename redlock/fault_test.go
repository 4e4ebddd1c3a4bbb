package redlock_test

import (
	"fmt"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
)

func TestS20ATieIsALossAtOnceAndBothContendersGetOn(t *testing.T) {
	for _, n := range []int{2, 4} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, n)
			l := r.locker(patient)
			r.warm(l)
			for i := range n / 2 {
				r.servers[i].Do("set", "k", "another", "px", 60000)
			}
			requirePrompt(t, func() {
				_, err := l.TryAcquire(background, "k")
				require.ErrorIs(t, err, distlock.ErrHeld)
			})
			for i := n / 2; i < n; i++ {
				r.servers[i].Await(func() bool { return r.value(i) == "" }) // given back
			}
			r.expire()

			var wg sync.WaitGroup
			for range 2 {
				contender := r.lockerOver(r.ownClients(), distlock.Config{
					MaxRetries: distlock.RetryForever, RetryDelay: 5 * time.Millisecond, MaxRetryDelay: 50 * time.Millisecond,
					NodeTimeout: calm.NodeTimeout,
				})
				wg.Go(func() {
					for range 20 {
						h, err := contender.WaitForLock(background, "k", time.Minute)
						if err != nil {
							t.Error(err)
							return
						}
						if err := h.Release(background); err != nil {
							t.Error(err)
						}
					}
				})
			}
			wg.Wait()
		})
	}
}

func TestS21AnExtensionNeverRevivesAndNeverTakesBack(t *testing.T) {
	sizes(t, func(t *testing.T, r *rig) {
		h, err := r.locker(calm).Acquire(background, "k")
		require.NoError(t, err)
		r.requireEverywhere(h)
		r.expire()
		require.ErrorIs(t, h.Extend(background, 0), distlock.ErrLost)
		r.requireGone()

		h, err = r.locker(calm).Acquire(background, "k")
		require.NoError(t, err)
		r.expire()
		other, err := r.locker(calm).Acquire(background, "k")
		require.NoError(t, err)
		require.ErrorIs(t, h.Extend(background, 0), distlock.ErrLost)
		require.NoError(t, other.Extend(background, 0))
		require.NoError(t, other.Release(background))
	})
}

func TestS22AReleaseWhoseReplyWasLostSucceeds(t *testing.T) {
	sizes(t, func(t *testing.T, r *rig) {
		l := r.locker(distlock.Config{NodeTimeout: 3 * time.Second})
		r.warm(l)
		h, err := l.Acquire(background, "k")
		require.NoError(t, err)
		for _, p := range r.proxies {
			p.DropNextReply()
		}
		taken := make(chan *distlock.Handle)
		go func() { // takes the key between the two copies of the release
			next, err := r.lockerOver(r.ownClients(), distlock.Config{
				RetryDelay: time.Millisecond, MaxRetryDelay: time.Millisecond, NodeTimeout: calm.NodeTimeout,
			}).WaitForLock(background, "k", time.Minute)
			if err != nil {
				t.Error(err)
			}
			taken <- next
		}()
		require.NoError(t, h.Release(background), "the library asks again")
		require.NoError(t, (<-taken).Release(background))

		h, err = l.Acquire(background, "k")
		require.NoError(t, err)
		for _, p := range r.proxies {
			p.HoldReplies()
		}
		require.ErrorIs(t, h.Release(background), distlock.ErrUnavailable)
		for _, p := range r.proxies {
			p.Heal()
		}
		require.NoError(t, h.Release(background), "the caller asks again")
		r.requireGone()
	})
}

func TestS23AWaiterGetsTheLockWhenRedisIsBack(t *testing.T) {
	sizes(t, func(t *testing.T, r *rig) {
		l := r.lockerOver(r.ownClients(), distlock.Config{MaxRetryDelay: 200 * time.Millisecond})
		r.warm(l)
		for _, s := range r.servers {
			s.Kill()
		}
		got := make(chan error, 1)
		go func() {
			h, err := l.WaitForLock(background, "k", time.Minute)
			if err == nil {
				err = h.Release(background)
			}
			got <- err
		}()
		for _, s := range r.servers {
			s.Restart()
		}
		require.NoError(t, <-got)
	})
}

func TestS24ABadDurationIsRefusedAndNothingIsWritten(t *testing.T) {
	sizes(t, func(t *testing.T, r *rig) {
		l := r.locker(distlock.Config{TTL: time.Minute, RestartGuard: time.Minute})
		for _, ttl := range []time.Duration{500 * time.Microsecond, 0, -time.Second, time.Hour, math.MaxInt64, math.MinInt64} {
			_, err := l.Acquire(background, "k", distlock.WithTTL(ttl))
			require.ErrorIs(t, err, distlock.ErrInvalidArgument, ttl)
		}
		for _, s := range r.servers {
			require.Zero(t, s.Do("dbsize"))
		}
	})
}

func TestS25TokensAreComparedInFull(t *testing.T) {
	sizes(t, func(t *testing.T, r *rig) {
		for _, alter := range []func(string) string{
			func(token string) string { return token + "2" },
			func(token string) string { return token[:len(token)-1] },
			func(string) string { return "" },
		} {
			h, err := r.locker(calm).Acquire(background, "k")
			require.NoError(t, err)
			for _, s := range r.servers {
				s.Do("set", "k", alter(h.Token()), "px", 60000)
			}
			require.ErrorIs(t, h.Extend(background, 0), distlock.ErrLost)
			require.ErrorIs(t, h.Release(background), distlock.ErrLost)
			for i, s := range r.servers {
				require.EqualValues(t, 1, s.Do("exists", "k"), "node %d", i)
			}
			r.expire()
		}
	})
}

func TestS26AKeyDeletedByHandOnAMajorityIsLostWithinHalfATTL(t *testing.T) {
	sizes(t, func(t *testing.T, r *rig) {
		cfg := distlock.Config{TTL: 12 * time.Second, NodeTimeout: 4 * time.Second}
		h, err := r.locker(cfg).Acquire(background, "k", distlock.WithAutoExtend())
		require.NoError(t, err)
		r.requireEverywhere(h)
		for _, s := range r.servers[:len(r.servers)/2+1] {
			s.Do("del", "k")
		}
		<-h.Done()
		var lost *distlock.InvalidLockError
		require.ErrorAs(t, h.Err(), &lost)
		require.ErrorIs(t, lost, distlock.ErrLost)
		require.Equal(t, "extend", lost.Op, "not by waiting for the lease's end")
		require.Zero(t, h.Info().Extensions, "by the first renewal, a third of the TTL after it was acquired")
		require.ErrorIs(t, h.Release(background), distlock.ErrLost)
		r.requireGone()
	})
}

func TestS26ScriptFlushIsInvisibleAndALostKeyIsALostLease(t *testing.T) {
	sizes(t, func(t *testing.T, r *rig) {
		l := r.locker(distlock.Config{TTL: 3 * time.Second, NodeTimeout: time.Second})
		h, err := l.Acquire(background, "k", distlock.WithAutoExtend())
		require.NoError(t, err)
		for _, s := range r.servers {
			s.Do("script", "flush")
		}
		require.NoError(t, h.Extend(background, 0))
		for _, s := range r.servers {
			s.Do("flushall")
		}
		deleted := time.Now()
		<-h.Done()
		require.Less(t, time.Since(deleted), 2500*time.Millisecond, "within a renewal period, long before the lease's end")
		require.ErrorIs(t, h.Release(background), distlock.ErrLost)
	})
}
