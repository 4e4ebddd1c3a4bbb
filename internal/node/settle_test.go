package node_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/node"
	"github.com/lilith/distlock/internal/redistest"
)

func TestADebtThatCannotBePaidDoesNotStandBeforeOthers(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server.Client())
	server.Do("RPUSH", "bad", "x")
	require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Acquire).Outcome)
	n.Abandon("bad", "mine", time.Hour)
	n.Abandon(key, "mine", time.Hour)
	server.Await(func() bool { return server.Do("GET", key) == nil })
}

func TestASecondCopysErrorDoesNotSpeakForTheFirst(t *testing.T) {
	server := redistest.Start(t)
	proxy := redistest.NewProxy(t, server.Addr())
	n := newNode(t, proxy.Client())
	require.Equal(t, distlock.Granted, ask(n, request("warm"), node.Inspect).Outcome)
	require.Equal(t, distlock.Granted, ask(n, request("warm"), node.Acquire).Outcome)
	require.Equal(t, distlock.Granted, ask(n, request("warm"), node.Release).Outcome)
	call := node.Acquire(request("mine"))
	call.Wanted = func() bool { // between the two copies
		server.Do("PEXPIRE", key, 60_000) // which the second has to lengthen
		server.Do("CONFIG", "SET", "min-replicas-to-write", "1")
		return true
	}
	proxy.DropNextReply()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r := n.Ask(ctx, call)
	require.Equal(t, distlock.Unreachable, r.Outcome)
	require.ErrorContains(t, r.Err, "NOREPLICAS")
	require.True(t, r.MaySet, "the first copy was carried out")
	require.Equal(t, "mine", server.Do("GET", key))
}

func TestTheReleaseOfARepairedKeyLeavesATombstone(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server.Client())
	require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Repair).Outcome)
	require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Release).Outcome)
	// The acquire request, late.
	require.Equal(t, distlock.Refused, ask(n, request("mine"), node.Acquire).Outcome)
	require.Nil(t, server.Do("GET", key))
}

func TestAFullNodeStillReleases(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server.Client())
	require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Acquire).Outcome)
	server.Do("CONFIG", "SET", "maxmemory", 1)
	n.Abandon(key, "mine", time.Hour) // with a tombstone
	server.Await(func() bool { return server.Do("GET", key) == nil })
	require.Equal(t, distlock.Refused, ask(n, request("another"), node.Release).Outcome)
}

func TestCloseTriesEachDebtOnceMore(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server.Client())
	require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Acquire).Outcome)
	n.Abandon(key, "mine", time.Hour)
	require.NoError(t, n.Close())
	require.Nil(t, server.Do("GET", key))
}
