package node_test

import (
	"context"
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/node"
	"github.com/lilith/distlock/internal/redistest"
	"github.com/lilith/distlock/internal/scripts"
)

// spoilers make the next reply come to nothing, after the request was carried out.
var spoilers = map[string]func(*redistest.Proxy){
	"dropped":        (*redistest.Proxy).DropNextReply,
	"cut in the mid": (*redistest.Proxy).CutNextReply,
}

// proxied returns a server, a proxy before it, and a node that has a connection
// through the proxy and whose scripts are known, so that its next reply is the
// next answer.
func proxied(t *testing.T) (*redistest.Server, *redistest.Proxy, *node.Node) {
	server := redistest.Start(t)
	proxy := redistest.NewProxy(t, server.Addr())
	n := newNode(t, proxy.Client())
	other := request("other")
	other.Key = "another key"
	for _, newCall := range calls {
		require.NoError(t, ask(n, other, newCall).Err)
	}
	return server, proxy, n
}

func TestAnAcquireWhoseReplyIsLostIsSentAgainAndGrantedOnce(t *testing.T) {
	for name, spoil := range spoilers {
		t.Run(name, func(t *testing.T) {
			server, proxy, n := proxied(t)
			server.Do("SET", scripts.FenceKey(key), 5000, "PX", 60_000)
			spoil(proxy)
			r := ask(n, request("mine"), node.Acquire)
			require.NoError(t, r.Err)
			require.Equal(t, distlock.Granted, r.Outcome)
			require.EqualValues(t, 5001, r.Counter)
			require.True(t, r.Resent)
			require.True(t, r.MaySet, "the first copy may still be on its way")
			require.Equal(t, "mine", server.Do("GET", key))
			require.Equal(t, "5001", server.Do("GET", scripts.FenceKey(key)))
		})
	}
}

func TestAnExtendWhoseReplyIsLostIsSentAgain(t *testing.T) {
	for name, spoil := range spoilers {
		t.Run(name, func(t *testing.T) {
			_, proxy, n := proxied(t)
			require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Acquire).Outcome)
			spoil(proxy)
			r := ask(n, request("mine"), node.Extend)
			require.NoError(t, r.Err)
			require.Equal(t, distlock.Granted, r.Outcome)
			require.True(t, r.Resent)
			require.False(t, r.MaySet)
		})
	}
}

func TestAReleaseWhoseReplyIsLostFindsItsOwnWork(t *testing.T) {
	for name, spoil := range spoilers {
		t.Run(name, func(t *testing.T) {
			server, proxy, n := proxied(t)
			require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Acquire).Outcome)
			spoil(proxy)
			r := ask(n, request("mine"), node.Release)
			require.NoError(t, r.Err)
			require.Equal(t, distlock.Refused, r.Outcome)
			require.True(t, r.Absent)
			require.True(t, r.Resent, "or the caller would take the lock for lost")
			require.Nil(t, server.Do("GET", key))
		})
	}
}

func TestAnAcquireWhoseReplyNeverComesIsGrantedOnceWhenAskedAgain(t *testing.T) {
	server, proxy, n := proxied(t)
	server.Do("SET", scripts.FenceKey(key), 5000, "PX", 60_000)
	proxy.HoldReplies()
	start := time.Now()
	r := ask(n, impatient("mine"), node.Acquire)
	require.Less(t, time.Since(start), bounded)
	require.Equal(t, distlock.Unreachable, r.Outcome)
	require.True(t, r.MaySet)
	require.False(t, r.Resent)

	require.Eventually(t, func() bool { return server.Do("GET", key) == "mine" }, patience, 5*time.Millisecond)
	proxy.Heal()
	r = ask(n, request("mine"), node.Acquire)
	require.Equal(t, distlock.Granted, r.Outcome)
	require.EqualValues(t, 5001, r.Counter)
}

func TestAHalfOpenConnectionIsLeftInTime(t *testing.T) {
	_, proxy, n := proxied(t)
	proxy.HoldAll()
	start := time.Now()
	r := n.Ask(context.Background(), node.Acquire(impatient("mine")))
	require.Less(t, time.Since(start), bounded)
	require.Equal(t, distlock.Unreachable, r.Outcome)
	proxy.Heal()
	require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Acquire).Outcome)
}

func TestANodeThatRestartedAnswersTheNextRequest(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server.Client())
	require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Acquire).Outcome)
	server.Kill()
	server.Restart()
	require.Equal(t, distlock.Granted, ask(n, request("theirs"), node.Acquire).Outcome)
}

func TestAForgottenScriptCostsOneMoreRequestAndThenNone(t *testing.T) {
	for name, newCall := range calls {
		t.Run(name, func(t *testing.T) {
			server := redistest.Start(t)
			n := newNode(t, server.Client())
			require.NoError(t, ask(n, request("mine"), newCall).Err)

			server.Do("SCRIPT", "FLUSH")
			server.Do("CONFIG", "RESETSTAT")
			r := ask(n, request("mine"), newCall)
			require.NoError(t, r.Err)
			require.False(t, r.Resent, "the first copy changed nothing")
			require.False(t, r.MaySet)
			require.Equal(t, "evalsha 1 eval 1", evals(server))

			require.NoError(t, ask(n, request("mine"), newCall).Err)
			require.Equal(t, "evalsha 2 eval 1", evals(server))
		})
	}
}

// evals tells how many requests of either kind a server has had.
func evals(server *redistest.Server) string {
	stats := server.Do("INFO", "commandstats").(string)
	count := func(command string) string {
		m := regexp.MustCompile(`cmdstat_` + command + `:calls=(\d+)`).FindStringSubmatch(stats)
		if m == nil {
			return "0"
		}
		return m[1]
	}
	return fmt.Sprintf("evalsha %s eval %s", count("evalsha"), count("eval"))
}
