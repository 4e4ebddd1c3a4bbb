package node_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/node"
	"github.com/lilith/distlock/internal/redistest"
	"github.com/lilith/distlock/internal/scripts"
)

// oneNodeCluster starts a Cluster of one server that has all slots. That takes it
// two seconds, for which the tests that need one wait together.
func oneNodeCluster(t *testing.T) *redistest.Server {
	server := redistest.Start(t, "--cluster-enabled", "yes")
	server.Do("CLUSTER", "ADDSLOTSRANGE", 0, 16383)
	require.Eventually(t, func() bool {
		return strings.Contains(server.Do("CLUSTER", "INFO").(string), "cluster_state:ok")
	}, patience, 10*time.Millisecond)
	return server
}

func clusterClient(t *testing.T, server *redistest.Server) *redis.ClusterClient {
	return closing(t, redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{server.Addr()}}))
}

func ringClient(t *testing.T, servers []*redistest.Server) *redis.Ring {
	addrs := make(map[string]string)
	for i, s := range servers {
		addrs[fmt.Sprintf("shard%d", i)] = s.Addr()
	}
	return closing(t, redis.NewRing(&redis.RingOptions{Addrs: addrs}))
}

// clusterKeys are keys whose companions must be named with care to share a slot.
var clusterKeys = []string{key, "{a}b", "a}b", "{}x", "x{y", "}{", "{{a}}", "schlüssel"}

// lockAndRelease takes each key through a lease, on whatever server it falls.
func lockAndRelease(t *testing.T, n *node.Node, client redis.UniversalClient) {
	t.Helper()
	ctx := context.Background()
	for _, k := range clusterKeys {
		mine, theirs := request("mine"), request("theirs")
		mine.Key, theirs.Key = k, k
		require.Equal(t, distlock.Granted, ask(n, mine, node.Acquire).Outcome, k)
		require.Equal(t, "mine", client.Get(ctx, k).Val(), k)
		require.Equal(t, distlock.Refused, ask(n, theirs, node.Acquire).Outcome, k)
		require.Equal(t, distlock.Granted, ask(n, mine, node.Extend).Outcome, k)
		require.Equal(t, "mine", ask(n, theirs, node.Inspect).Owner, k)
		require.Equal(t, distlock.Refused, ask(n, theirs, node.Release).Outcome, k)
		require.Equal(t, distlock.Granted, ask(n, mine, node.Release).Outcome, k)
		require.Zero(t, client.Exists(ctx, k).Val(), k)
	}
}

func TestAClusterGrantsAndRefuses(t *testing.T) {
	t.Parallel()
	client := clusterClient(t, oneNodeCluster(t))
	lockAndRelease(t, newNode(t, client), client)
}

func TestARingGrantsAndRefuses(t *testing.T) {
	client := ringClient(t, redistest.StartN(t, 3))
	lockAndRelease(t, newNode(t, client), client)
}

func TestAHungClusterIsLeftInTime(t *testing.T) {
	t.Parallel()
	for name, known := range map[string]bool{"whose slots are known": true, "whose slots are not known": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := oneNodeCluster(t)
			n := newNode(t, clusterClient(t, server))
			if known {
				require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Inspect).Outcome)
				require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Inspect).Outcome)
			}
			server.Freeze()
			for i := range 3 {
				start := time.Now()
				r := n.Ask(context.Background(), node.Acquire(impatient("mine")))
				require.Less(t, time.Since(start), bounded)
				require.Equal(t, distlock.Unreachable, r.Outcome)
				require.True(t, r.MaySet || i > 0) // from the second on no connection is open
				require.ErrorContains(t, r.Err, "within 200ms")
			}
			server.Thaw()
			require.Eventually(t, func() bool {
				return ask(n, request("mine"), node.Acquire).Outcome == distlock.Granted
			}, patience, 10*time.Millisecond)
		})
	}
}

func TestAHungRingIsLeftInTime(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, ringClient(t, []*redistest.Server{server}))
	require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Inspect).Outcome)
	server.Freeze()
	for range 3 {
		start := time.Now()
		r := n.Ask(context.Background(), node.Acquire(impatient("mine")))
		require.Less(t, time.Since(start), bounded)
		require.Equal(t, distlock.Unreachable, r.Outcome)
		require.Error(t, r.Err)
	}
	server.Thaw()
	require.Eventually(t, func() bool {
		return ask(n, request("mine"), node.Acquire).Outcome == distlock.Granted
	}, patience, 10*time.Millisecond)
}

// TestASlotThatMovedIsFollowed has two servers, of which one takes over the slots
// after the client has learnt where they are.
func TestASlotThatMovedIsFollowed(t *testing.T) {
	t.Parallel()
	from, to := oneNodeCluster(t), redistest.Start(t, "--cluster-enabled", "yes")
	n := newNode(t, clusterClient(t, from))
	require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Inspect).Outcome)
	move(t, from, to)
	require.Eventually(t, func() bool {
		return ask(n, request("mine"), node.Acquire).Outcome == distlock.Granted
	}, patience, 10*time.Millisecond)
	require.Equal(t, "mine", to.Do("GET", key))
}

// TestASubscriptionFollowsASlotThatMoved: the server ends it with a message alone, and
// the connection stays.
func TestASubscriptionFollowsASlotThatMoved(t *testing.T) {
	t.Parallel()
	from, to := oneNodeCluster(t), redistest.Start(t, "--cluster-enabled", "yes")
	holder := newNode(t, clusterClient(t, from))
	require.Equal(t, distlock.Granted, ask(holder, patientRequest("mine"), node.Acquire).Outcome)
	w, _ := await(t, newNode(t, clusterClient(t, from)), from.Client())
	defer w.Stop()
	from.Do("DEL", key, scripts.FenceKey(key), scripts.QueueKey(key)) // nothing stands in the way
	move(t, from, to)
	require.Eventually(t, func() bool {
		if ask(holder, patientRequest("mine"), node.Acquire).Outcome != distlock.Granted {
			return false // and no release: where there is nothing to release it leaves a tombstone
		}
		w.Place(t.Context()) // as he does who looks again
		return ask(holder, patientRequest("mine"), node.Release).Woken
	}, patience, 10*time.Millisecond)
}

// move has the key's slot go from one server to the other.
func move(t *testing.T, from, to *redistest.Server) {
	host, port, _ := strings.Cut(to.Addr(), ":")
	from.Do("CLUSTER", "MEET", host, port)
	id, old := to.Do("CLUSTER", "MYID").(string), from.Do("CLUSTER", "MYID").(string)
	require.Eventually(t, func() bool {
		return strings.Contains(from.Do("CLUSTER", "NODES").(string), id) &&
			strings.Contains(to.Do("CLUSTER", "NODES").(string), old)
	}, patience, 10*time.Millisecond)
	// The whole way of a slot: the receiver's claim gets the higher epoch only by it. Else
	// a word of the giver's from before may win, and each sends callers to the other.
	slot := scripts.Slot(key)
	to.Do("CLUSTER", "SETSLOT", slot, "IMPORTING", old)
	from.Do("CLUSTER", "SETSLOT", slot, "MIGRATING", id)
	to.Do("CLUSTER", "SETSLOT", slot, "NODE", id)
	from.Do("CLUSTER", "SETSLOT", slot, "NODE", id)
}

func TestARestartGuardNeedsAPlainClient(t *testing.T) {
	guarded := distlock.Config{RestartGuard: time.Minute}
	plain := closing(t, redis.NewClient(&redis.Options{}))
	require.NoError(t, node.CheckGuard(plain, "client", guarded))
	for _, client := range []redis.UniversalClient{
		closing(t, redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:7001"}})),
		closing(t, redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": "127.0.0.1:7001"}})),
	} {
		require.NoError(t, node.CheckGuard(client, "client", distlock.Config{}))
		err := node.CheckGuard(client, "clients[1]", guarded)
		require.ErrorIs(t, err, distlock.ErrInvalidArgument)
		require.ErrorContains(t, err, "clients[1]")
		require.ErrorContains(t, err, "RestartGuard")
	}
}
