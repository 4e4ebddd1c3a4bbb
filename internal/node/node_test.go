package node_test

import (
	"context"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/node"
	"github.com/lilith/distlock/internal/scripts"
)

const (
	key = "report:2026-11"

	// nodeTimeout is that of requests that a hung node does not answer.
	nodeTimeout = 200 * time.Millisecond

	// bounded is far above what such a request may take, twice nodeTimeout, and far
	// below the 5 s that go-redis waits in its default settings.
	bounded = 2 * time.Second

	// patience is the node timeout where an answer is expected, and how long a
	// condition may take to come true, on however busy a machine.
	patience = 20 * time.Second
)

// request is one that a sound node answers in time.
func request(token string) *distlock.Request {
	return &distlock.Request{
		Key: key, Token: token, TTL: time.Hour, NodeTimeout: patience, FencingToken: 1000,
	}
}

// impatient is one that a hung node shall not answer.
func impatient(token string) *distlock.Request {
	req := request(token)
	req.NodeTimeout = nodeTimeout
	return req
}

// newNode returns a node over client, closed with the test.
func newNode(t *testing.T, client redis.UniversalClient) *node.Node {
	n := node.New(client, 0)
	t.Cleanup(func() { require.NoError(t, n.Close()) })
	return n
}

// ask makes a call as the stores do: with a context that ends at the node timeout.
func ask(n *node.Node, req *distlock.Request, call func(*distlock.Request) *node.Call) node.Reply {
	ctx, cancel := context.WithTimeout(context.Background(), req.NodeTimeout)
	defer cancel()
	return n.Ask(ctx, call(req))
}

// closing closes a client with the test.
func closing[C redis.UniversalClient](t *testing.T, client C) C {
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func TestANodeIsCalledByItsAddressOrItsNumber(t *testing.T) {
	plain := closing(t, redis.NewClient(&redis.Options{Addr: "127.0.0.1:7001"}))
	require.Equal(t, "127.0.0.1:7001", node.New(plain, 3).Name())

	cluster := closing(t, redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{"127.0.0.1:7001"}}))
	require.Equal(t, "node 1", node.New(cluster, 0).Name())

	ring := closing(t, redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": "127.0.0.1:7001"}}))
	require.Equal(t, "node 3", node.New(ring, 2).Name())
}

func TestANilClientIsRefused(t *testing.T) {
	var none *redis.Client
	for _, client := range []redis.UniversalClient{nil, none} {
		err := node.Check(client, "clients[2]")
		require.ErrorIs(t, err, distlock.ErrInvalidArgument)
		require.ErrorContains(t, err, "clients[2]")
	}
	sound := closing(t, redis.NewClient(&redis.Options{}))
	require.NoError(t, node.Check(sound, "client"))
}

func TestANodeAnswersEachCall(t *testing.T) {
	n := newNode(t, closing(t, redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})))
	mine, theirs := request("mine"), request("theirs")

	free := ask(n, mine, node.Inspect)
	require.Equal(t, distlock.Granted, free.Outcome)
	require.Empty(t, free.Owner)

	got := ask(n, mine, node.Acquire)
	require.Equal(t, distlock.Granted, got.Outcome)
	require.EqualValues(t, 1000, got.Counter)
	require.False(t, got.MaySet)
	require.False(t, got.Resent)
	require.Positive(t, got.Latency)

	refused := ask(n, theirs, node.Acquire)
	require.Equal(t, distlock.Refused, refused.Outcome)
	require.Equal(t, time.Hour, refused.Remaining)
	require.EqualValues(t, 1000, refused.Counter)
	require.False(t, refused.Absent)
	require.False(t, refused.MaySet)
	require.NoError(t, refused.Err)

	propose := func(r *distlock.Request) *node.Call { return node.Accept(r, 1005) }
	require.Equal(t, distlock.Granted, ask(n, mine, propose).Outcome)
	require.Equal(t, distlock.Refused, ask(n, theirs, propose).Outcome)

	require.Equal(t, distlock.Granted, ask(n, mine, node.Extend).Outcome)
	require.Equal(t, distlock.Refused, ask(n, theirs, node.Extend).Outcome)

	held := ask(n, theirs, node.Inspect)
	require.Equal(t, distlock.Refused, held.Outcome)
	require.Equal(t, "mine", held.Owner)
	require.EqualValues(t, 1005, held.Counter)
	require.Equal(t, time.Hour, held.Remaining)

	require.Equal(t, distlock.Refused, ask(n, theirs, node.Release).Outcome)
	require.Equal(t, distlock.Granted, ask(n, mine, node.Release).Outcome)
	gone := ask(n, mine, node.Release)
	require.Equal(t, distlock.Refused, gone.Outcome)
	require.True(t, gone.Absent)
	require.True(t, ask(n, mine, node.Extend).Absent)
	require.True(t, ask(n, mine, propose).Absent)

	late := ask(n, mine, node.Acquire)
	require.Equal(t, distlock.Refused, late.Outcome, "a tombstone stands")
	require.True(t, late.Absent)
}

func TestAVoteTellsWhatTheNodeSaid(t *testing.T) {
	server := miniredis.RunT(t)
	n := newNode(t, closing(t, redis.NewClient(&redis.Options{Addr: server.Addr()})))
	ask(n, request("theirs"), node.Acquire)
	r := ask(n, request("mine"), node.Acquire)
	require.Equal(t, distlock.Vote{
		Node: server.Addr(), Outcome: distlock.Refused, Latency: r.Latency, Remaining: time.Hour,
	}, n.Vote(r))
}

func TestAnEmptyValueIsAnOwner(t *testing.T) {
	server := miniredis.RunT(t)
	n := newNode(t, closing(t, redis.NewClient(&redis.Options{Addr: server.Addr()})))
	require.NoError(t, server.Set(key, ""))
	server.SetTTL(key, time.Hour)
	require.Equal(t, distlock.Refused, ask(n, request("mine"), node.Acquire).Outcome)
	require.Equal(t, distlock.Refused, ask(n, request("mine"), node.Inspect).Outcome)
}

func TestACallWithoutFencingWritesNoCounter(t *testing.T) {
	server := miniredis.RunT(t)
	n := newNode(t, closing(t, redis.NewClient(&redis.Options{Addr: server.Addr()})))
	req := request("mine")
	req.FencingToken = 0
	require.Equal(t, distlock.Granted, ask(n, req, node.Acquire).Outcome)
	require.Equal(t, distlock.Granted, ask(n, req, node.Extend).Outcome)
	require.Equal(t, []string{key}, server.Keys())
}

func TestAnAbandonedReleaseLeavesATombstone(t *testing.T) {
	server := miniredis.RunT(t)
	n := newNode(t, closing(t, redis.NewClient(&redis.Options{Addr: server.Addr()})))
	req := request("mine")
	ask(n, req, node.Acquire)
	req.Abandon = true
	require.Equal(t, distlock.Granted, ask(n, req, node.Release).Outcome)
	require.False(t, server.Exists(key))
	require.Equal(t, time.Hour, server.TTL(scripts.TombstoneKey(key, "mine")))
}
