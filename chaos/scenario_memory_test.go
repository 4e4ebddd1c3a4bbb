package chaos_test

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/chaos"
	"github.com/lilith/distlock/internal/redistest"
)

// Nodes that do not know of a lease, and vote: the restart guard keeps them from it, as
// far as somebody can know that they are new.

// guardedLease has a guard as long as its leases.
var guardedLease = func() distlock.Config {
	cfg := longLease
	cfg.RestartGuard = longLease.TTL
	return cfg
}()

// S5: a holder on all of three nodes; two crash and come back empty; their clocks jump,
// and they look as old as the guard wants them. A client that knew them is not deceived;
// one that meets them for the first time has nothing else to go by.
func TestS5AGuardDefeatedByAClockJumpLeavesTheFence(t *testing.T) {
	t.Run("embedded", func(t *testing.T) {
		t.Parallel()
		playS5(t, newScene(t, chaos.Embedded(t, 3)))
	})
	t.Run("processes", func(t *testing.T) { // not parallel: it sets the environment
		playS5(t, ownClocks(t, 3))
	})
}

func playS5(t *testing.T, s *scene) {
	const longAfter = 3 * time.Minute // the guard, and some
	forgetful := []int{0, 1}
	for i := range s.Nodes() {
		s.jump(i, longAfter) // a node must be old before it votes the first time
	}
	acquainted := s.acquainted(guardedLease)
	_, first := s.first(guardedLease)
	s.requireOwned(first, 0, 1, 2)
	for _, i := range forgetful {
		require.NoError(t, s.Nodes()[i].Crash(t.Context()))
		require.NoError(t, s.Nodes()[i].Start(t.Context(), chaos.Empty))
	}
	_, err := s.locker(guardedLease).TryAcquire(t.Context(), "k")
	requireAbstained(t, len(forgetful), err)

	for _, i := range forgetful {
		s.jump(i, longAfter)
	}
	_, err = acquainted.TryAcquire(t.Context(), "k")
	requireAbstained(t, len(forgetful), err)
	second := obtain(t, s.locker(guardedLease))
	requireTwoHolders(t, first, second)
	s.requireOwned(second, forgetful...)
	s.requireOwned(first, 2)
	requireFenced(t, first, second)
}

// acquainted returns a party that has met every node as it is now.
func (s *scene) acquainted(cfg distlock.Config) *distlock.Locker {
	s.t.Helper()
	l, h := s.first(cfg)
	s.requireOwned(h, 0, 1, 2)
	require.NoError(s.t, h.Release(context.Background()))
	s.requireOwner("", 0, 1, 2)
	return l
}

// A failover is one address behind which first a master stands, then what was its
// replica.
type failover struct {
	client  func(t *testing.T) redis.UniversalClient // a new one, to the address
	lag     func(t *testing.T)                       // from now on the replica hears nothing
	promote func(t *testing.T)                       // the master dies, and its replica takes over
	age     func(by time.Duration)                   // embedded: who stands there seems to have been up for longer
}

func (f *failover) locker(t *testing.T, cfg distlock.Config) *distlock.Locker {
	return lockerOver(t, []redis.UniversalClient{f.client(t)}, cfg)
}

// failovers plays on both: redis-servers, one a replica of the other, and an embedded
// node, which has no replicas. There a replica that lags is the state that the node had
// then, under a new run_id.
func failovers(t *testing.T, play func(t *testing.T, f *failover)) {
	t.Parallel()
	for name, start := range map[string]func(*testing.T) *failover{
		"embedded": embeddedFailover, "processes": replicatedFailover,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			play(t, start(t))
		})
	}
}

func embeddedFailover(t *testing.T) *failover {
	c := chaos.Embedded(t, 1)
	node := c.Nodes()[0]
	return &failover{
		client: func(*testing.T) redis.UniversalClient { return c.Dial()[0] },
		lag:    func(t *testing.T) { require.NoError(t, node.Remember(t.Context())) },
		promote: func(t *testing.T) {
			require.NoError(t, node.Crash(t.Context()))
			require.NoError(t, node.Start(t.Context(), chaos.Older))
		},
		age: func(by time.Duration) { require.NoError(t, node.JumpClock(t.Context(), by)) },
	}
}

// replicatedFailover has a proxy between the two servers swallow what the master says:
// so the replica gets nothing of it, however fast it is.
func replicatedFailover(t *testing.T) *failover {
	master, replica := redistest.Start(t, "--repl-diskless-sync-delay", "0"), redistest.Start(t)
	between := redistest.NewProxy(t, master.Addr())
	host, port, err := net.SplitHostPort(between.Addr())
	require.NoError(t, err)
	replica.Do("replicaof", host, port)
	replica.Await(func() bool {
		return strings.Contains(replica.Do("info", "replication").(string), "master_link_status:up")
	})
	var behind atomic.Pointer[redistest.Server]
	behind.Store(master)
	return &failover{
		client: func(t *testing.T) redis.UniversalClient {
			c := redis.NewClient(&redis.Options{Dialer: func(ctx context.Context, _, _ string) (net.Conn, error) {
				var d net.Dialer
				return d.DialContext(ctx, "tcp", behind.Load().Addr())
			}})
			t.Cleanup(func() { _ = c.Close() })
			return c
		},
		lag: func(*testing.T) {
			master.Do("set", "marker", "heard")
			replica.Await(func() bool { return replica.Do("get", "marker") == "heard" })
			between.HoldAll()
		},
		promote: func(t *testing.T) {
			granted := master.Do("get", "{k}:fence") // outlives the lease
			require.NotNil(t, granted)
			master.Kill()
			replica.Do("replicaof", "no", "one")
			require.NotEqual(t, granted, replica.Do("get", "{k}:fence"), "the replica never heard of the lease")
			require.Nil(t, replica.Do("get", "k"))
			require.Equal(t, "heard", replica.Do("get", "marker"))
			behind.Store(replica)
		},
		age: func(time.Duration) {},
	}
}

// S9: a master dies before replicating; its replica is promoted.
func TestS9AReplicaThatNeverHeardOfTheLeaseMakesTwoHolders(t *testing.T) {
	failovers(t, func(t *testing.T, f *failover) {
		second := f.locker(t, longLease)
		f.lag(t)
		a := obtain(t, f.locker(t, longLease))
		_, err := second.TryAcquire(t.Context(), "k")
		require.ErrorIs(t, err, distlock.ErrHeld)
		f.promote(t)
		b := obtain(t, second)
		requireTwoHolders(t, a, b)
		requireFenced(t, a, b)
	})
}

// With the guard a client that knew the master sees another run_id, and waits until
// whatever the master granted is over.
func TestS9AGuardOutwaitsTheLeaseThatAReplicaNeverHeardOf(t *testing.T) {
	failovers(t, func(t *testing.T, f *failover) {
		cfg := shortLease
		cfg.TTL, cfg.NodeTimeout = time.Second, 900*time.Millisecond
		cfg.RestartGuard = cfg.TTL * 3 / 2
		f.age(time.Minute)
		first := f.locker(t, cfg)
		var abstained atomic.Int64
		cfg.Trace = &distlock.Trace{Vote: func(e distlock.Event) {
			if e.Vote.Outcome == distlock.Abstained {
				abstained.Add(1)
			}
		}}
		second := f.locker(t, cfg)
		_ = obtain(t, second).Release(context.Background()) // once the master is old enough; it may have run out
		f.lag(t)
		a := obtain(t, first)
		f.promote(t)
		f.age(time.Minute) // a replica may have been up for as long as its master
		abstained.Store(0)
		b := obtain(t, second)
		require.Positive(t, abstained.Load(), "the replica did not vote at first")
		require.False(t, a.IsHeld(), "the second holder came when the first was over")
		requireOrdered(t, a, b)
	})
}

// A client that never met the master cannot know that its replica is new in its place.
// On embedded nodes alone: a real replica would have to be waited for, until it is as
// old as the guard.
func TestS9AGuardDoesNotHelpAClientThatNeverMetTheMaster(t *testing.T) {
	t.Parallel()
	f := embeddedFailover(t)
	f.age(2 * longLease.TTL)
	f.lag(t)
	a := obtain(t, f.locker(t, guardedLease))
	f.promote(t)
	f.age(2 * longLease.TTL)
	b := obtain(t, f.locker(t, guardedLease))
	requireTwoHolders(t, a, b)
	requireFenced(t, a, b)
}
