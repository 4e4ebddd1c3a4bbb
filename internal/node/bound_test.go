package node_test

import (
	"context"
	"crypto/tls"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/node"
	"github.com/lilith/distlock/internal/redistest"
)

var calls = map[string]func(*distlock.Request) *node.Call{
	"acquire": node.Acquire, "extend": node.Extend, "release": node.Release, "inspect": node.Inspect,
	"accept": func(req *distlock.Request) *node.Call { return node.Accept(req, 1000) },
}

// TestAHungNodeIsLeftInTime has nothing but the call's own timeout bound it: the
// client ignores a context's deadline once a request is on the socket.
func TestAHungNodeIsLeftInTime(t *testing.T) {
	for name, idle := range map[string]bool{"over an idle connection": true, "over a fresh connection": false} {
		t.Run(name, func(t *testing.T) {
			for call, newCall := range calls {
				t.Run(call, func(t *testing.T) {
					server := redistest.Start(t)
					n := newNode(t, server.Client())
					if idle {
						require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Inspect).Outcome)
					}
					server.Freeze()
					start := time.Now()
					r := n.Ask(context.Background(), newCall(impatient("mine")))
					require.Less(t, time.Since(start), bounded)
					require.Equal(t, distlock.Unreachable, r.Outcome)
					require.False(t, r.Rejected)
					require.ErrorContains(t, r.Err, "within 200ms")
					if call != "acquire" {
						require.False(t, r.MaySet, "only acquire sets the key")
					}
				})
			}
		})
	}
}

// TestAHungNodeIsLeftInTimeByAClientThatHeedsItsContext uses a client as the
// stores do, with a context that ends at the node timeout.
func TestAHungNodeIsLeftInTimeByAClientThatHeedsItsContext(t *testing.T) {
	for name, idle := range map[string]bool{"over an idle connection": true, "over a fresh connection": false} {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t)
			n := newNode(t, closing(t, redis.NewClient(&redis.Options{
				Addr: server.Addr(), ContextTimeoutEnabled: true,
			})))
			if idle {
				require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Inspect).Outcome)
			}
			server.Freeze()
			start := time.Now()
			r := ask(n, impatient("mine"), node.Acquire)
			require.Less(t, time.Since(start), bounded)
			require.Equal(t, distlock.Unreachable, r.Outcome)
			require.ErrorContains(t, r.Err, "within 200ms")
			if idle {
				require.True(t, r.MaySet)
			}
		})
	}
}

func TestAnAcquireThatWentUnansweredMaySetTheKey(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server.Client())
	require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Acquire).Outcome)
	require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Release).Outcome)
	server.Freeze()
	require.True(t, ask(n, impatient("theirs"), node.Acquire).MaySet)
	server.Thaw()
	require.Eventually(t, func() bool { return server.Do("GET", key) == "theirs" }, patience, 5*time.Millisecond)
}

func TestADialThatHangsEndsWithTheContext(t *testing.T) {
	over := make(chan struct{})
	t.Cleanup(func() { close(over) })
	n := newNode(t, closing(t, redis.NewClient(&redis.Options{
		Dialer: func(ctx context.Context, _, _ string) (net.Conn, error) {
			select { // a peer that answers no SYN
			case <-ctx.Done():
			case <-over:
			}
			return nil, context.Canceled
		},
	})))
	start := time.Now()
	r := ask(n, impatient("mine"), node.Acquire)
	require.Less(t, time.Since(start), bounded)
	require.Equal(t, distlock.Unreachable, r.Outcome)
	require.Error(t, r.Err)
}

func TestAPoolThatIsUsedUpIsLeftInTime(t *testing.T) {
	client := closing(t, redis.NewClient(&redis.Options{Addr: redistest.Start(t).Addr(), PoolSize: 1}))
	taken := client.Conn() // takes the one connection with its first command
	require.NoError(t, taken.Ping(context.Background()).Err())
	n := newNode(t, client)

	start := time.Now()
	r := ask(n, impatient("mine"), node.Acquire)
	require.Less(t, time.Since(start), bounded)
	require.Equal(t, distlock.Unreachable, r.Outcome)
	require.Error(t, r.Err)

	require.NoError(t, taken.Close())
	require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Acquire).Outcome)
}

// TestTheEndOfTheContextEndsTheWaitForAConnection, and the next wait is not ended by what
// ended that one.
func TestTheEndOfTheContextEndsTheWaitForAConnection(t *testing.T) {
	client := closing(t, redis.NewClient(&redis.Options{Addr: redistest.Start(t).Addr(), PoolSize: 1}))
	n := newNode(t, client)
	waiting := func(ctx context.Context) <-chan node.Reply {
		replies := make(chan node.Reply, 1)
		req := request("mine")
		req.NodeTimeout = patience
		go func() { replies <- n.AskInTime(ctx, node.Acquire(req)) }()
		require.Eventually(t, func() bool { return client.PoolStats().PendingRequests == 1 }, patience, time.Millisecond)
		return replies
	}
	for range 3 {
		taken := client.Conn() // takes the one connection with its first command
		require.NoError(t, taken.Ping(context.Background()).Err())

		ctx, cancel := context.WithCancel(context.Background())
		replies := waiting(ctx)
		cancel()
		r := <-replies
		require.Equal(t, distlock.Unreachable, r.Outcome)
		require.ErrorIs(t, r.Err, context.Canceled)
		require.False(t, r.MaySet)

		ctx, cancel = context.WithCancel(context.Background())
		replies = waiting(ctx)
		require.Empty(t, replies)
		require.NoError(t, taken.Close())
		require.Equal(t, distlock.Granted, (<-replies).Outcome)
		cancel()
		require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Release).Outcome)
	}
}

func TestANodeThatIsDownIsUnreachableAndGotNothing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, l.Close())
	n := newNode(t, closing(t, redis.NewClient(&redis.Options{Addr: l.Addr().String()})))

	start := time.Now()
	r := n.Ask(context.Background(), node.Acquire(impatient("mine")))
	require.Less(t, time.Since(start), bounded)
	require.Equal(t, distlock.Unreachable, r.Outcome)
	require.False(t, r.Rejected)
	require.False(t, r.MaySet)
	require.ErrorContains(t, r.Err, "refused")
}

func TestAFailedTLSHandshakeIsUnreachable(t *testing.T) {
	n := newNode(t, closing(t, redis.NewClient(&redis.Options{
		Addr:      redistest.Start(t).Addr(),
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, ServerName: "localhost"},
	})))
	start := time.Now()
	r := ask(n, impatient("mine"), node.Acquire)
	require.Less(t, time.Since(start), bounded)
	require.Equal(t, distlock.Unreachable, r.Outcome)
	require.False(t, r.Rejected)
	require.Error(t, r.Err)
}

func TestAContextThatHasEndedSendsNothing(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server.Client())
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for range 2 { // without a connection, and with one
		for _, ask := range []func(context.Context, *node.Call) node.Reply{n.Ask, n.AskInTime} {
			r := ask(ctx, node.Acquire(request("mine")))
			require.Equal(t, distlock.Unreachable, r.Outcome)
			require.ErrorIs(t, r.Err, context.Canceled)
			require.False(t, r.MaySet)
			require.Nil(t, server.Do("GET", key))
		}
		require.Equal(t, distlock.Granted, n.Ask(context.Background(), node.Inspect(request("mine"))).Outcome)
	}
}

// TestTheCallersClientStaysAsItWas has the caller go on with a client that the
// library has used, on a command far slower than the node timeout.
func TestTheCallersClientStaysAsItWas(t *testing.T) {
	server := redistest.Start(t, "--enable-debug-command", "yes")
	client := server.Client()
	before := *client.Options()

	n := node.New(client, 0)
	require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Acquire).Outcome)
	server.Freeze()
	require.Equal(t, distlock.Unreachable, ask(n, impatient("mine"), node.Extend).Outcome)
	n.Abandon(key, "mine", time.Hour)
	n.Close()
	server.Thaw()

	after := client.Options()
	require.Equal(t, before.ReadTimeout, after.ReadTimeout)
	require.Equal(t, 5*time.Second, after.ReadTimeout, "the default that bounded is measured on")
	require.Equal(t, before.WriteTimeout, after.WriteTimeout)
	require.Equal(t, before.DialTimeout, after.DialTimeout)
	require.Equal(t, before.MaxRetries, after.MaxRetries)
	require.Equal(t, before.PoolSize, after.PoolSize)
	require.NoError(t, client.Do(context.Background(), "DEBUG", "SLEEP", "0.5").Err())
	require.NoError(t, client.Ping(context.Background()).Err())
}

// TestTheUsersCodeHasAContextOfItsOwn: what it derives from that may outlive the request.
func TestTheUsersCodeHasAContextOfItsOwn(t *testing.T) {
	server := redistest.Start(t)
	ended := make(chan error, 10)
	outlive := func(ctx context.Context) {
		child, cancel := context.WithTimeout(ctx, time.Hour)
		go func() {
			defer cancel()
			<-child.Done()
			ended <- child.Err()
		}()
	}
	for name, options := range map[string]*redis.Options{
		"OnConnect": {OnConnect: func(ctx context.Context, _ *redis.Conn) error { outlive(ctx); return nil }},
		"CredentialsProviderContext": {CredentialsProviderContext: func(ctx context.Context) (string, string, error) {
			outlive(ctx)
			return "", "", nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			options.Addr = server.Addr()
			n := newNode(t, closing(t, redis.NewClient(options)))
			require.False(t, n.Bare())
			require.Equal(t, distlock.Granted, n.AskInTime(context.Background(), node.Acquire(request("mine"))).Outcome)
			require.ErrorIs(t, <-ended, context.Canceled, "with the request")
			require.Equal(t, distlock.Granted, n.AskInTime(context.Background(), node.Release(request("mine"))).Outcome)
		})
	}
}

func TestALimitThatIsKeptBeyondItsRequestIsEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var alarms node.Alarms
		var first, second node.Limit
		alarms.Start(context.Background(), &first, time.Now(), time.Hour)
		child, cancel := context.WithCancel(&first)
		defer cancel()
		first.End()
		require.ErrorIs(t, first.Err(), context.Canceled)
		<-first.Done()
		alarms.Start(context.Background(), &second, time.Now(), time.Second) // with the first's alarm
		<-second.Done()
		second.End()
		<-child.Done()
		require.ErrorIs(t, child.Err(), context.Canceled)
	})
}
