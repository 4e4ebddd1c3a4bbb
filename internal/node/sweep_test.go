package node_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/node"
	"github.com/lilith/distlock/internal/redistest"
	"github.com/lilith/distlock/internal/scripts"
)

// TestAnAbandonedKeyIsGoneOnceAFrozenServerGoesOn: the requests lie in the
// server's sockets while it is frozen, and are carried out when it goes on.
func TestAnAbandonedKeyIsGoneOnceAFrozenServerGoesOn(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server.Client())
	require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Inspect).Outcome) // connects
	server.Freeze()
	require.Equal(t, distlock.Unreachable, ask(n, impatient("mine"), node.Acquire).Outcome)
	n.Abandon(key, "mine", time.Hour)
	server.Thaw()
	tombstone := scripts.TombstoneKey(key, "mine")
	require.Eventually(t, func() bool { return server.Do("EXISTS", tombstone) == int64(1) },
		patience, 5*time.Millisecond)
	require.Nil(t, server.Do("GET", key))
	// A copy that was still on its way comes to nothing.
	require.Equal(t, distlock.Refused, ask(n, request("mine"), node.Acquire).Outcome)
	require.Nil(t, server.Do("GET", key))
	require.Equal(t, distlock.Granted, ask(n, request("another"), node.Acquire).Outcome)
}

func TestManyAbandonedKeysAreAllSeenTo(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server.Client())
	abandon := func(i int) {
		req := request("mine")
		req.Key = fmt.Sprintf("key %d", i)
		require.Equal(t, distlock.Granted, ask(n, req, node.Acquire).Outcome)
		n.Abandon(req.Key, req.Token, time.Hour)
	}
	for i := range 30 {
		abandon(i)
	}
	server.Freeze()
	for i := range 30 {
		n.Abandon(fmt.Sprintf("unknown key %d", i), "mine", time.Hour)
	}
	server.Thaw()
	for i := 30; i < 60; i++ {
		abandon(i)
	}
	require.Eventually(t, func() bool {
		return len(server.Do("KEYS", "*:dead:*").([]any)) == 90
	}, patience, 10*time.Millisecond)
	require.Empty(t, server.Do("KEYS", "key *"))
}

func TestAnAbandonedKeyOfAnotherOwnerIsLeftAlone(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server.Client())
	require.Equal(t, distlock.Granted, ask(n, request("theirs"), node.Acquire).Outcome)
	n.Abandon(key, "mine", time.Hour)
	tombstone := scripts.TombstoneKey(key, "mine")
	require.Eventually(t, func() bool { return server.Do("EXISTS", tombstone) == int64(1) },
		patience, 5*time.Millisecond)
	require.Equal(t, "theirs", server.Do("GET", key))
}

func TestAnAbandonedKeyIsGoneOnceAServerIsBack(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server.Client())
	server.Kill()
	n.Abandon(key, "mine", time.Hour)
	server.Restart()
	tombstone := scripts.TombstoneKey(key, "mine")
	require.Eventually(t, func() bool { return server.Do("EXISTS", tombstone) == int64(1) },
		patience, 5*time.Millisecond)
}

func TestASweepThatFailsIsTriedAgain(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server.Client())
	require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Acquire).Outcome)
	server.Do("CONFIG", "SET", "min-replicas-to-write", 1)
	n.Abandon(key, "mine", time.Hour)
	require.Eventually(t, func() bool {
		return strings.Contains(server.Do("INFO", "errorstats").(string), "errorstat_NOREPLICAS")
	}, patience, 5*time.Millisecond)
	server.Do("CONFIG", "SET", "min-replicas-to-write", 0)
	require.Eventually(t, func() bool { return server.Do("EXISTS", key) == int64(0) }, patience, 5*time.Millisecond)
}

// TestCloseEndsAHungSweepInTime leaves no goroutine of the library behind.
func TestCloseEndsAHungSweepInTime(t *testing.T) {
	server := redistest.Start(t)
	dialed := make(chan struct{})
	var once sync.Once
	client := redis.NewClient(&redis.Options{
		Addr: server.Addr(),
		Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
			once.Do(func() { close(dialed) })
			return (&net.Dialer{}).DialContext(ctx, network, addr)
		},
	})
	server.Freeze()
	others := goleak.IgnoreCurrent()

	n := node.New(client, 0)
	for i := range 10 {
		n.Abandon(fmt.Sprintf("key %d", i), "mine", time.Hour)
	}
	select {
	case <-dialed:
	case <-time.After(patience):
		require.Fail(t, "no sweep has begun")
	}
	start := time.Now()
	n.Close()
	require.Less(t, time.Since(start), 2*time.Second)

	n.Abandon(key, "mine", time.Hour) // has come too late
	n.Close()
	require.NoError(t, client.Close())
	goleak.VerifyNone(t, others)
}

func TestARequestThatNeverLeftOwesNothing(t *testing.T) {
	server := redistest.Start(t)
	client := closing(t, redis.NewClient(&redis.Options{Addr: server.Addr(), PoolSize: 1}))
	n := newNode(t, client)
	taken := client.Conn() // takes the one connection with its first command
	require.NoError(t, taken.Ping(context.Background()).Err())
	require.Equal(t, distlock.Unreachable, ask(n, impatient("unsent"), node.Acquire).Outcome)
	require.NoError(t, taken.Close())

	n.Abandon(key, "unsent", time.Hour)
	n.Abandon(key, "unknown", time.Hour) // whose turn comes after
	require.Eventually(t, func() bool { return server.Do("EXISTS", scripts.TombstoneKey(key, "unknown")) == int64(1) },
		patience, 5*time.Millisecond)
	require.Zero(t, server.Do("EXISTS", scripts.TombstoneKey(key, "unsent")))

	// A second request of the same token, which did leave, is owed for.
	require.Equal(t, distlock.Granted, ask(n, request("unsent"), node.Repair).Outcome)
	n.Abandon(key, "unsent", time.Hour)
	require.Eventually(t, func() bool { return server.Do("EXISTS", key) == int64(0) }, patience, 5*time.Millisecond)
}

func TestANodeThatOwesNothingHasNoGoroutine(t *testing.T) {
	server := redistest.Start(t)
	client := server.Client()
	n := newNode(t, client)
	require.NoError(t, client.Ping(context.Background()).Err())
	others := goleak.IgnoreCurrent()

	n.Abandon(key, "mine", time.Hour)
	tombstone := scripts.TombstoneKey(key, "mine")
	require.Eventually(t, func() bool { return server.Do("EXISTS", tombstone) == int64(1) },
		patience, 5*time.Millisecond)
	goleak.VerifyNone(t, others)
}
