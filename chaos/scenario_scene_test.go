package chaos_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/chaos"
	"github.com/lilith/distlock/redlock"
	"github.com/lilith/distlock/single"
)

// A scene is what a scenario is played on: nodes, and parties that share nothing but
// the nodes. All of them want the lock on "k".
//
// A scenario runs on one goroutine. What a party does not do while another acts is what
// it does not do while it is paused: so the order of events is the same in each run, and
// what takes time is waited for by its effect.
type scene struct {
	*chaos.Cluster
	t *testing.T

	// jump sets a node's clock forward: what its keys have to live, what it tells as
	// TIME, and how long it says that it has been up.
	jump func(node int, by time.Duration)
}

// scenes plays on embedded nodes and on redis-server processes, of each number given.
func scenes(t *testing.T, play func(t *testing.T, s *scene), sizes ...int) {
	t.Parallel()
	for name, start := range map[string]func(testing.TB, int) *chaos.Cluster{
		"embedded":  chaos.Embedded,
		"processes": chaos.Processes,
	} {
		t.Run(name, func(t *testing.T) {
			for _, n := range sizes {
				t.Run(fmt.Sprintf("nodes=%d", n), func(t *testing.T) {
					t.Parallel()
					play(t, newScene(t, start(t, n)))
				})
			}
		})
	}
}

func newScene(t *testing.T, c *chaos.Cluster) *scene {
	s := &scene{Cluster: c, t: t}
	s.jump = func(node int, by time.Duration) {
		require.NoError(t, s.Nodes()[node].JumpClock(t.Context(), by))
	}
	return s
}

var (
	// shortLease is for leases that a scenario waits to see expire.
	shortLease = distlock.Config{
		TTL: 500 * time.Millisecond, NodeTimeout: 400 * time.Millisecond,
		RetryDelay: 10 * time.Millisecond, MaxRetryDelay: 50 * time.Millisecond,
	}

	// longLease is for leases that end on a slow machine no more than on a fast one, so
	// that two handles that are both held are two holders.
	longLease = distlock.Config{
		TTL: 2 * time.Minute, NodeTimeout: 20 * time.Second,
		RetryDelay: 10 * time.Millisecond, MaxRetryDelay: 50 * time.Millisecond,
	}
)

// locker returns a party's own, with clients of its own, as another process has them.
func (s *scene) locker(cfg distlock.Config) *distlock.Locker {
	s.t.Helper()
	return lockerOver(s.t, s.Dial(), cfg)
}

func lockerOver(t *testing.T, clients []redis.UniversalClient, cfg distlock.Config) *distlock.Locker {
	t.Helper()
	var l *distlock.Locker
	var err error
	if len(clients) == 1 {
		l, err = single.New(clients[0], cfg)
	} else {
		l, err = redlock.New(clients, cfg)
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

// obtain waits for the lock.
func obtain(t *testing.T, l *distlock.Locker) *distlock.Handle {
	t.Helper()
	h, err := l.WaitForLock(t.Context(), "k", time.Minute)
	require.NoError(t, err)
	return h
}

// obtainAndCheck obtains the lock and looks whether it is held, as a careful program
// does before each write: what it then believes may be wrong a moment later.
func obtainAndCheck(t *testing.T, l *distlock.Locker) *distlock.Handle {
	t.Helper()
	for range 100 { // a machine may be so busy that a brief lease is over before the look
		h := obtain(t, l)
		if h.IsHeld() {
			return h
		}
		_ = h.Release(context.Background())
	}
	t.Fatal("no lease lasted until it was looked at")
	return nil
}

// first returns a party and its lease on a lock that is free, once every node has
// answered, or failed to: a request that a client still repeats would be granted when
// the node can be reached again.
func (s *scene) first(cfg distlock.Config) (*distlock.Locker, *distlock.Handle) {
	s.t.Helper()
	voted := make(chan struct{}, 100)
	cfg.Trace = &distlock.Trace{Vote: func(e distlock.Event) {
		if e.Op == "acquire" {
			voted <- struct{}{}
		}
	}}
	l := s.locker(cfg)
	h, err := l.TryAcquire(s.t.Context(), "k")
	require.NoError(s.t, err)
	for range s.Nodes() {
		<-voted
	}
	return l, h
}

// partition cuts the nodes off from everyone; the function returned ends it.
func (s *scene) partition(nodes ...int) (end func()) {
	s.t.Helper()
	set := func(what chaos.Trouble) {
		for _, i := range nodes {
			require.NoError(s.t, s.Nodes()[i].Trouble(s.t.Context(), what))
		}
	}
	set(chaos.Trouble{Refuse: true})
	return func() { set(chaos.Trouble{}) }
}

// owner returns whom the node has the lock given to, by token; "" is nobody.
func (s *scene) owner(node int) string {
	v, err := s.Nodes()[node].Do(s.t.Context(), "get", "k")
	require.NoError(s.t, err)
	token, _ := v.(string)
	return token
}

// requireOwned waits until the nodes have given the lock to h: also those whose grant
// was not needed.
func (s *scene) requireOwned(h *distlock.Handle, nodes ...int) {
	s.t.Helper()
	s.requireOwner(h.Token(), nodes...)
}

func (s *scene) requireOwner(token string, nodes ...int) {
	s.t.Helper()
	for _, i := range nodes {
		require.Eventually(s.t, func() bool { return s.owner(i) == token },
			20*time.Second, 5*time.Millisecond, "node %d", i)
	}
}

// requireTwoHolders sees the overlap, and that the two can be told apart.
func requireTwoHolders(t *testing.T, first, second *distlock.Handle) {
	t.Helper()
	require.True(t, first.IsHeld(), "the first believes")
	require.True(t, second.IsHeld(), "and so does the second")
	requireOrdered(t, first, second)
}

func requireOrdered(t *testing.T, first, second *distlock.Handle) {
	t.Helper()
	require.NotEqual(t, first.Token(), second.Token())
	require.Positive(t, first.FencingToken())
	require.Greater(t, second.FencingToken(), first.FencingToken())
}

// requireFenced has both write to a resource that checks, the first too late.
func requireFenced(t *testing.T, first, second *distlock.Handle) {
	t.Helper()
	var resource chaos.Register
	openFor(t, &resource, first)
	openFor(t, &resource, second)
	require.False(t, writeFor(&resource, first, 1), "the fence refuses the stale write")
	require.True(t, writeFor(&resource, second, 2), "and lets the other through")
	require.Equal(t, int64(2), openFor(t, &resource, second))
}

// openFor opens the resource for h and returns what it guards.
func openFor(t *testing.T, r *chaos.Register, h *distlock.Handle) int64 {
	t.Helper()
	value, ok := r.Open("k", h.Token(), h.FencingToken())
	require.True(t, ok)
	return value
}

func writeFor(r *chaos.Register, h *distlock.Handle, value int64) bool {
	return r.Write("k", h.Token(), h.FencingToken(), value)
}

// requireAbstained requires that err is of an attempt in which so many nodes did not
// vote, for the restart guard.
func requireAbstained(t *testing.T, want int, err error) {
	t.Helper()
	require.ErrorIs(t, err, distlock.ErrUnavailable)
	var failed *distlock.AcquisitionError
	require.ErrorAs(t, err, &failed)
	got := 0
	for _, v := range failed.Votes {
		if v.Outcome == distlock.Abstained {
			got++
		}
	}
	require.Equal(t, want, got, "%v", err)
}
