package redlock_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/redistest"
	"github.com/lilith/distlock/redlock"
	"github.com/lilith/distlock/single"
)

// A rig is some real servers, a proxy before each, and default clients.
type rig struct {
	t       *testing.T
	servers []*redistest.Server
	proxies []*redistest.Proxy
	clients []redis.UniversalClient // through the proxies
}

var background = context.Background()

func newRig(t *testing.T, n int) *rig {
	t.Helper()
	r := &rig{t: t, servers: redistest.StartN(t, n)}
	for _, s := range r.servers {
		p := redistest.NewProxy(t, s.Addr())
		r.proxies = append(r.proxies, p)
		r.clients = append(r.clients, p.Client())
	}
	return r
}

// locker locks on all servers, with clients of its own if asked, on one by
// package single.
func (r *rig) locker(cfg distlock.Config) *distlock.Locker { return r.lockerOver(r.clients, cfg) }

func (r *rig) lockerOver(clients []redis.UniversalClient, cfg distlock.Config) *distlock.Locker {
	r.t.Helper()
	var l *distlock.Locker
	var err error
	if len(clients) == 1 {
		l, err = single.New(clients[0], cfg)
	} else {
		l, err = redlock.New(clients, cfg)
	}
	require.NoError(r.t, err)
	r.t.Cleanup(func() { require.NoError(r.t, l.Close()) })
	return l
}

// ownClients returns new clients to the servers, not through the proxies.
func (r *rig) ownClients() []redis.UniversalClient { return redistest.Clients(r.servers) }

func (r *rig) freeze(nodes ...int) {
	for _, i := range nodes {
		r.servers[i].Freeze()
		r.t.Cleanup(r.servers[i].Thaw)
	}
}

func (r *rig) thaw(nodes ...int) {
	for _, i := range nodes {
		r.servers[i].Thaw()
	}
}

// value returns what the node holds at "k".
func (r *rig) value(node int) string {
	r.t.Helper()
	v, _ := r.servers[node].Do("get", "k").(string)
	return v
}

// requireEverywhere waits until every node holds h's key: until no grant is on its
// way any more.
func (r *rig) requireEverywhere(h *distlock.Handle) {
	r.t.Helper()
	for i, s := range r.servers {
		s.Await(func() bool { return r.value(i) == h.Token() })
	}
}

// requireGone waits until no node holds the key that the tests use, "k".
func (r *rig) requireGone() {
	r.t.Helper()
	for i := range r.servers {
		require.Eventually(r.t, func() bool { return r.value(i) == "" },
			20*time.Second, 5*time.Millisecond, "node %d keeps the key", i)
	}
}

// expire ends "k" on every node, as time would.
func (r *rig) expire() {
	for _, s := range r.servers {
		s.Do("del", "k")
	}
}

// warm makes every client connect. On a busy machine a healthy node may seem to hang.
func (r *rig) warm(l *distlock.Locker) {
	r.t.Helper()
	for range 3 {
		h, err := l.WaitForLock(background, "warm", time.Minute)
		require.NoError(r.t, err)
		if err := h.Release(background); !errors.Is(err, distlock.ErrUnavailable) {
			require.NoError(r.t, err)
		}
	}
	require.Eventually(r.t, func() bool {
		status, _ := l.Inspect(background, "warm") // waits for every node
		return !slices.ContainsFunc(status.Votes, func(v distlock.Vote) bool { return v.Outcome == distlock.Unreachable })
	}, time.Minute, time.Millisecond)
}

// patient waits for hung nodes so long that an operation which waits for one is
// found out by its time, on however slow a machine.
var patient = distlock.Config{TTL: time.Minute, NodeTimeout: 20 * time.Second, MaxRetries: distlock.NoRetries}

// calm is for tests of which a node's slowness is not the subject.
var calm = distlock.Config{NodeTimeout: 10 * time.Second}

// requirePrompt fails where f takes as long as a patient node timeout.
func requirePrompt(t *testing.T, f func()) {
	t.Helper()
	start := time.Now()
	f()
	require.Less(t, time.Since(start), patient.NodeTimeout/2, "it waited for a hung node")
}

// sizes runs a test on one, three and five nodes.
func sizes(t *testing.T, f func(t *testing.T, r *rig)) {
	for name, n := range map[string]int{"one node": 1, "three nodes": 3, "five nodes": 5} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, newRig(t, n))
		})
	}
}
