package redlock_test

// Each test here holds the library to one sentence of the specification: redis.io,
// "Distributed Locks with Redis" (sections "Safety and Liveness Guarantees", "The
// Redlock Algorithm", "Retry on Failure", "Releasing the Lock", "Making the
// algorithm more reliable: Extending the lock"). The sentences are paraphrased.

import (
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
)

// Safety: at any moment only one client can hold a lock.
func TestPaperMutualExclusion(t *testing.T) {
	t.Parallel()
	r := newRig(t, 5)
	first, err := r.locker(calm).Acquire(background, "k")
	require.NoError(t, err)
	for range 10 {
		_, err = r.lockerOver(r.ownClients(), calm).TryAcquire(background, "k")
		require.ErrorIs(t, err, distlock.ErrHeld)
	}
	require.NoError(t, first.Release(background))
}

// Liveness A: a lock can always be acquired in the end, though its holder crashed.
func TestPaperDeadlockFreedom(t *testing.T) {
	t.Parallel()
	r := newRig(t, 5)
	_, err := r.locker(distlock.Config{TTL: time.Second}).Acquire(background, "k") // and never released
	require.NoError(t, err)
	next, err := r.lockerOver(r.ownClients(), calm).WaitForLock(background, "k", time.Minute)
	require.NoError(t, err)
	require.NoError(t, next.Release(background))
}

// Liveness B: clients can lock as long as the majority of nodes is up.
func TestPaperFaultTolerance(t *testing.T) {
	t.Parallel()
	r := newRig(t, 5)
	l := r.locker(calm)
	r.servers[0].Kill()
	r.servers[1].Kill()
	h, err := l.Acquire(background, "k")
	require.NoError(t, err)
	require.NoError(t, h.Extend(background, 0))
	require.NoError(t, h.Release(background))
	r.servers[2].Kill()
	_, err = l.TryAcquire(background, "k")
	require.ErrorIs(t, err, distlock.ErrUnavailable)
}

// Step 2: the same key and the same random value on all instances; the value is
// unique across all clients and requests.
func TestPaperSameRandomValueEverywhere(t *testing.T) {
	t.Parallel()
	r := newRig(t, 5)
	l := r.locker(calm)
	seen := make(map[string]bool)
	for range 20 {
		h, err := l.Acquire(background, "k")
		require.NoError(t, err)
		for i, s := range r.servers {
			s.Await(func() bool { return r.value(i) == h.Token() })
		}
		_, err = uuid.Parse(h.Token())
		require.NoError(t, err)
		require.False(t, seen[h.Token()])
		seen[h.Token()] = true
		require.NoError(t, h.Release(background))
		r.requireGone()
	}
}

// Step 2: a timeout small beside the lease keeps the client from being blocked by a
// node that is down; it goes on to the next at once.
func TestPaperADownNodeDoesNotBlock(t *testing.T) {
	t.Parallel()
	r := newRig(t, 5)
	l := r.locker(patient)
	r.warm(l)
	r.freeze(0)
	r.servers[1].Kill()
	requirePrompt(t, func() {
		h, err := l.Acquire(background, "k")
		require.NoError(t, err)
		require.NoError(t, h.Release(background))
	})
}

// Step 3: acquired only by a majority, and only if the time elapsed is below the
// validity.
func TestPaperMajorityAndValidity(t *testing.T) {
	t.Parallel()
	r := newRig(t, 5)
	l := r.locker(patient)
	for i, s := range r.servers {
		h, err := l.Acquire(background, "k")
		if i < 3 { // i nodes are another's
			require.NoError(t, err)
			for j := i; j < len(r.servers); j++ { // and an acquisition, when a quorum has
				r.servers[j].Await(func() bool { return r.value(j) == h.Token() })
			}
			require.NoError(t, h.Release(background))
		} else {
			require.ErrorIs(t, err, distlock.ErrHeld)
		}
		for j := i; j < len(r.servers); j++ { // a release returns when a quorum has answered
			r.servers[j].Await(func() bool { return r.value(j) == "" })
		}
		s.Do("set", "k", "another", "px", 60000)
	}
}

// Step 4: the validity is the initial one less the time elapsed.
func TestPaperValidityCountsFromTheStart(t *testing.T) {
	t.Parallel()
	r := newRig(t, 5)
	for _, p := range r.proxies {
		p.Delay(100 * time.Millisecond)
	}
	before := time.Now()
	h, err := r.locker(distlock.Config{TTL: 10 * time.Second, NodeTimeout: 5 * time.Second}).Acquire(background, "k")
	require.NoError(t, err)
	spent := time.Since(before)
	require.GreaterOrEqual(t, spent, 100*time.Millisecond)
	require.False(t, h.ValidUntil().Before(before.Add(9898*time.Millisecond-time.Millisecond)))
	require.False(t, h.ValidUntil().After(before.Add(9898*time.Millisecond+spent-100*time.Millisecond)))
	require.NoError(t, h.Release(background))
}

// Step 5: on failure unlock all instances, also those believed not to be locked.
func TestPaperFailureUnlocksEveryInstance(t *testing.T) {
	t.Parallel()
	r := newRig(t, 5)
	l := r.locker(distlock.Config{MaxRetries: distlock.NoRetries, NodeTimeout: 3 * time.Second})
	r.warm(l)
	for _, s := range r.servers[:2] {
		s.Do("set", "k", "another", "px", 60000)
	}
	r.proxies[2].HoldReplies() // it grants, and the client does not hear of it
	r.proxies[3].HoldReplies()
	_, err := l.Acquire(background, "k")
	require.ErrorIs(t, err, distlock.ErrHeld, "three answered, and one of them granted")
	r.proxies[2].Heal()
	r.proxies[3].Heal()
	for i := 2; i < 5; i++ {
		r.servers[i].Await(func() bool { return r.value(i) == "" })
	}
	require.Equal(t, "another", r.value(0))
}

// Retry: after a random delay, so that clients that compete get apart.
func TestPaperCompetitorsGetApart(t *testing.T) {
	t.Parallel()
	r := newRig(t, 5)
	var wg sync.WaitGroup
	for range 5 {
		l := r.lockerOver(r.ownClients(), distlock.Config{
			MaxRetries: distlock.RetryForever, RetryDelay: 10 * time.Millisecond, NodeTimeout: calm.NodeTimeout,
		})
		wg.Go(func() {
			h, err := l.WaitForLock(background, "k", time.Minute)
			if err != nil {
				t.Error(err)
				return
			}
			if err := h.Release(background); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

// Release: on all instances, whether or not the client believes that it locked them,
// and only a lock that is its own.
func TestPaperReleaseEverywhereAndOnlyOnesOwn(t *testing.T) {
	t.Parallel()
	r := newRig(t, 5)
	l := r.locker(calm)
	r.servers[4].Do("set", "k", "another", "px", 60000)
	h, err := l.Acquire(background, "k")
	require.NoError(t, err)
	require.NoError(t, h.Release(background))
	for i := range 4 {
		r.servers[i].Await(func() bool { return r.value(i) == "" })
	}
	require.Equal(t, "another", r.value(4))
}

// Extending: the lock counts as extended only by a majority, within the validity.
func TestPaperExtendedOnlyByAMajority(t *testing.T) {
	t.Parallel()
	r := newRig(t, 5)
	l := r.locker(calm)
	h, err := l.Acquire(background, "k")
	require.NoError(t, err)
	r.requireEverywhere(h)
	r.servers[0].Do("flushall")
	r.servers[1].Do("flushall")
	require.NoError(t, h.Extend(background, time.Minute))
	r.requireEverywhere(h)
	for _, s := range r.servers[:3] {
		s.Do("flushall")
	}
	require.ErrorIs(t, h.Extend(background, time.Minute), distlock.ErrLost)
	require.ErrorIs(t, h.Release(background), distlock.ErrLost)
}
