package redlock_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
)

// guarded is the setting that the guard is shown in: a lease of 2 s.
func guarded(guard time.Duration) distlock.Config {
	return distlock.Config{
		TTL: 2 * time.Second, NodeTimeout: time.Second, RestartGuard: guard, MaxRetries: distlock.RetryForever,
		RetryDelay: 20 * time.Millisecond, MaxRetryDelay: 100 * time.Millisecond,
	}
}

// S4: a holder on all of three nodes; two are killed and come back empty.
func TestS4RestartedNodesThatForgotMakeTwoHoldersWithoutAGuard(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3)
	first, err := r.locker(guarded(0)).Acquire(background, "k", distlock.WithTTL(time.Minute))
	require.NoError(t, err)
	r.requireEverywhere(first) // a grant still on its way would set the key anew
	for _, s := range r.servers[:2] {
		s.Kill()
		s.Restart()
	}
	second, err := r.lockerOver(r.ownClients(), guarded(0)).WaitForLock(background, "k", time.Minute)
	require.NoError(t, err)
	require.True(t, first.IsHeld(), "two holders: this is what the guard prevents")
	require.Greater(t, second.FencingToken(), first.FencingToken(), "and the fence tells them apart")
}

func TestS4ARestartedNodeAbstainsUntilTheGuardHasPassed(t *testing.T) {
	const guard = 3 * time.Second
	for name, known := range map[string]bool{"known to the waiter": true, "met for the first time": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, 3)
			time.Sleep(guard + 2*time.Second) // real time: a server's uptime is nothing else
			holder := r.locker(guarded(guard))
			waiter := r.lockerOver(r.ownClients(), guarded(guard))
			if known {
				r.warm(waiter)
			}
			first, err := holder.Acquire(background, "k", distlock.WithAutoExtend())
			require.NoError(t, err)
			for i := range r.servers { // a straggler too
				r.servers[i].Await(func() bool { return r.value(i) == first.Token() })
			}
			for _, s := range r.servers[:2] {
				s.Kill()
			}
			killed := time.Now()
			for _, s := range r.servers[:2] {
				s.Restart()
			}
			restarted := time.Now()

			_, err = waiter.TryAcquire(background, "k")
			require.ErrorIs(t, err, distlock.ErrUnavailable)
			require.ErrorContains(t, err, "votes again in")
			var failed *distlock.AcquisitionError
			require.ErrorAs(t, err, &failed)
			abstained := 0
			for _, v := range failed.Votes {
				if v.Outcome == distlock.Abstained {
					abstained++
				}
			}
			require.Equal(t, 2, abstained)

			second, err := waiter.WaitForLock(background, "k", time.Minute)
			require.NoError(t, err)
			require.False(t, first.IsHeld())
			require.GreaterOrEqual(t, time.Since(killed), guard, "no second holder before the guard has passed")
			t.Logf("acquired %v after the restart, with a guard of %v", time.Since(restarted).Round(time.Millisecond), guard)
			require.Greater(t, second.FencingToken(), first.FencingToken())
			require.NoError(t, second.Release(background))
		})
	}
}

func TestAGuardIsNotFooledByAnOldServersFirstMeeting(t *testing.T) {
	t.Parallel()
	r := newRig(t, 1)
	l := r.locker(distlock.Config{TTL: time.Hour, RestartGuard: time.Hour, MaxRetries: distlock.NoRetries})
	_, err := l.Acquire(background, "k")
	require.ErrorIs(t, err, distlock.ErrUnavailable)
	require.ErrorContains(t, err, "restart guard of 1h0m0s")
	require.Zero(t, r.servers[0].Do("dbsize"), "nothing is written by a node that abstains")
}

func TestAWaiterIsBackWhenTheNodesVoteAgain(t *testing.T) {
	sizes(t, func(t *testing.T, r *rig) { // the servers are new
		l := r.locker(distlock.Config{
			TTL: 3 * time.Second, RestartGuard: 3 * time.Second, NodeTimeout: time.Second,
			RetryDelay: time.Hour, MaxRetryDelay: time.Hour,
		})
		h, err := l.WaitForLock(background, "k", time.Minute)
		require.NoError(t, err)
		require.NoError(t, h.Release(background))
	})
}

func TestAMinorityThatForgotHasTheKeyAgainWithinARenewalPeriod(t *testing.T) {
	for name, spoil := range map[string]func(r *rig){
		"flushed": func(r *rig) { r.servers[0].Do("flushall") },
		"restarted empty": func(r *rig) {
			r.servers[0].Kill()
			r.servers[0].Restart()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, 3)
			h, err := r.locker(distlock.Config{TTL: 6 * time.Second, NodeTimeout: 2 * time.Second}).Acquire(background, "k", distlock.WithAutoExtend())
			require.NoError(t, err)
			r.requireEverywhere(h)
			spoil(r)
			before := h.Info().Extensions
			r.servers[0].Await(func() bool { return r.value(0) == h.Token() })
			require.LessOrEqual(t, h.Info().Extensions, before+2)
			require.True(t, h.IsHeld())
			require.NoError(t, h.Release(background))
			r.requireGone()
		})
	}
}

// A node that forgot may have granted the lock to another since its restart, and have
// forgotten that too.
func TestARestartedNodeIsRepairedOnlyOnceItVotesAgain(t *testing.T) {
	t.Parallel()
	const guard = 6 * time.Second
	r := newRig(t, 3)
	l := r.locker(distlock.Config{TTL: guard, RestartGuard: guard, NodeTimeout: 2 * time.Second})
	var h *distlock.Handle
	require.Eventually(t, func() (held bool) { // the servers are new themselves
		var err error
		h, err = l.Acquire(background, "k", distlock.WithAutoExtend())
		return err == nil
	}, time.Minute, time.Millisecond)
	r.requireEverywhere(h) // one may vote later than the others, and be the one that is left
	r.servers[0].Kill()
	restarted := time.Now()
	r.servers[0].Restart()
	before := h.Info().Extensions
	r.servers[0].Await(func() bool { return r.value(0) == h.Token() })
	require.GreaterOrEqual(t, time.Since(restarted), guard, "and not before")
	require.Greater(t, h.Info().Extensions, before, "which did not keep the lease from being renewed")
	require.NoError(t, h.Release(background))
}

func TestARepairedKeyLastsAsLongAsTheLease(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3)
	h, err := r.locker(distlock.Config{TTL: time.Hour, NodeTimeout: 10 * time.Second}).Acquire(background, "k")
	require.NoError(t, err)
	r.requireEverywhere(h)
	r.servers[0].Do("flushall")
	require.NoError(t, h.Extend(background, time.Second))
	r.requireEverywhere(h)
	left := time.Duration(r.servers[0].Do("pttl", "k").(int64)) * time.Millisecond
	require.True(t, time.Now().Add(left).After(h.ValidUntil()))
	require.NoError(t, h.Release(background))
}

func TestARepairAsksAQuorumInTheSameExtension(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3)
	h, err := r.locker(calm).Acquire(background, "k")
	require.NoError(t, err)
	r.requireEverywhere(h) // a grant still on its way would set the key anew
	r.servers[0].Do("flushall")
	r.servers[1].Do("flushall")
	require.ErrorIs(t, h.Extend(background, 0), distlock.ErrLost)
	require.Empty(t, r.value(0))
	require.Empty(t, r.value(1))
	require.ErrorIs(t, h.Release(background), distlock.ErrLost)
	r.requireGone()
}

func TestAReleaseSucceedsThoughOneNodeForgotTheKeyAndOneIsDown(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3)
	h, err := r.locker(calm).Acquire(background, "k")
	require.NoError(t, err)
	r.requireEverywhere(h)
	r.servers[0].Do("flushall")
	r.servers[1].Kill()
	require.NoError(t, h.Release(background), "two of three do not have it any more")
	require.Empty(t, r.value(2))
}

func TestASilentMajorityRepairsNothing(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3)
	l := r.locker(distlock.Config{TTL: time.Hour, NodeTimeout: time.Second, MaxRetries: distlock.RetryForever})
	h, err := l.Acquire(background, "k")
	require.NoError(t, err)
	r.requireEverywhere(h)
	r.servers[0].Do("flushall")
	r.proxies[2].HoldAll()
	require.ErrorIs(t, h.Extend(background, 0), distlock.ErrUnavailable, "one says mine, one has nothing, one is silent")
	require.NoError(t, l.Close()) // with what was under way
	require.Empty(t, r.value(0))
}

func TestANodeThatMissedTheReleaseGetsItWhenItAnswers(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3)
	l := r.locker(distlock.Config{TTL: time.Hour, MaxRetries: distlock.RetryForever, NodeTimeout: 2 * time.Second})
	h, err := l.Acquire(background, "k")
	require.NoError(t, err)
	r.requireEverywhere(h)
	r.proxies[2].HoldAll() // what is sent now never arrives
	require.NoError(t, h.Release(background))
	require.Equal(t, h.Token(), r.value(2))
	r.proxies[2].Heal()
	r.requireGone()
}

func TestAnotherOwnersMinorityKeyIsNotRepairedAway(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3)
	h, err := r.locker(calm).Acquire(background, "k")
	require.NoError(t, err)
	r.requireEverywhere(h)
	r.servers[0].Do("set", "k", "another", "px", 60000)
	require.NoError(t, h.Extend(background, 0))
	require.NoError(t, h.Extend(background, 0))
	require.Equal(t, "another", r.value(0))
	require.NoError(t, h.Release(background))
	require.Equal(t, "another", r.value(0))
}

// The example that per-node counters with a maximum get wrong: they give 1, 2, 2.
func TestGrantsForcedRoundThePairsGetRisingTokens(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3)
	var last int64
	for turn, down := range []int{2, 0, 1, 2, 0, 1} {
		for _, s := range r.servers { // no clock may help
			if turn == 0 {
				s.Do("set", "{k}:fence", fmt.Sprint(int64(1)<<52), "px", 60000)
			}
		}
		r.servers[down].Do("set", "k", "in the way", "px", 60000)
		l := r.lockerOver(r.ownClients(), calm)
		h, err := l.Acquire(background, "k")
		require.NoError(t, err)
		require.Greater(t, h.FencingToken(), last)
		last = h.FencingToken()
		require.NoError(t, h.Release(background))
		r.servers[down].Do("del", "k")
		r.requireGone()
	}
	require.Greater(t, last, int64(1)<<52)
}

func TestAKeyOnAMinorityIsNobodysLock(t *testing.T) {
	t.Parallel()
	r := newRig(t, 3)
	r.servers[0].Do("set", "k", "another", "px", 60000)
	r.servers[2].Kill() // so that all that answer are waited for
	locked, err := r.locker(calm).IsLocked(background, "k")
	require.NoError(t, err)
	require.False(t, locked)
}
