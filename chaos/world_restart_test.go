package chaos_test

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/chaos"
	"github.com/lilith/distlock/redlock"
)

func restart(t *testing.T, n chaos.Node, with chaos.Memory) {
	t.Helper()
	require.NoError(t, n.Crash(t.Context()))
	require.NoError(t, n.Start(t.Context(), with))
}

func TestANodeThatCrashedComesBackWithWhatItKnew(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		n := c.Nodes()[0]
		do(t, n, "SET", "lasting", "1", "PX", 60_000)
		do(t, n, "SET", "short", "1", "PX", 30)
		do(t, n, "RPUSH", "list", "a", "b")
		restart(t, n, chaos.Kept)
		require.Equal(t, "1", do(t, n, "GET", "lasting"))
		require.Equal(t, []any{"a", "b"}, do(t, n, "LRANGE", "list", 0, -1))
		require.LessOrEqual(t, do(t, n, "PTTL", "lasting"), int64(60_000))
		eventually(t, func() bool { return do(t, n, "GET", "short") == nil })
		require.NoError(t, asker(t, n).Ping(t.Context()).Err())
	})
}

func TestTimePassesForTheKeysOfANodeThatIsDown(t *testing.T) {
	onOwn(t, func(t *testing.T, c *chaos.Cluster) {
		n := c.Nodes()[0]
		do(t, n, "SET", "short", "1", "PX", 100)
		deadline := time.Now().Add(101 * time.Millisecond)
		require.NoError(t, n.Crash(t.Context()))
		<-time.After(time.Until(deadline))
		require.NoError(t, n.Start(t.Context(), chaos.Kept))
		require.Nil(t, do(t, n, "GET", "short"))
	})
}

func TestANodeMayComeBackEmpty(t *testing.T) {
	onOwn(t, func(t *testing.T, c *chaos.Cluster) {
		n := c.Nodes()[0]
		do(t, n, "SET", "k", "1")
		restart(t, n, chaos.Empty)
		require.Nil(t, do(t, n, "GET", "k"))
		do(t, n, "SET", "k", "2")
		restart(t, n, chaos.Kept)
		require.Equal(t, "2", do(t, n, "GET", "k"))
	})
}

func TestANodeMayComeBackAsItWasBefore(t *testing.T) {
	onOwn(t, func(t *testing.T, c *chaos.Cluster) {
		n := c.Nodes()[0]
		require.NoError(t, n.Crash(t.Context()))
		require.ErrorContains(t, n.Start(t.Context(), chaos.Older), "remembered")
		require.NoError(t, n.Start(t.Context(), chaos.Kept))

		do(t, n, "SET", "k", "1", "PX", 60_000)
		do(t, n, "SET", "short", "1", "PX", 100)
		do(t, n, "RPUSH", "list", "a", "b")
		do(t, n, "SADD", "set", "a")
		do(t, n, "HSET", "hash", "a", "1")
		do(t, n, "ZADD", "sorted", 1.5, "a")
		require.NoError(t, n.Remember(t.Context()))
		deadline := time.Now().Add(101 * time.Millisecond)
		do(t, n, "SET", "k", "2")
		do(t, n, "SET", "later", "1")
		do(t, n, "DEL", "list", "set", "hash", "sorted")
		for range 2 {
			<-time.After(time.Until(deadline))
			restart(t, n, chaos.Older)
			require.Equal(t, "1", do(t, n, "GET", "k"))
			require.LessOrEqual(t, do(t, n, "PTTL", "k"), int64(60_000-100))
			require.Greater(t, do(t, n, "PTTL", "k"), int64(0))
			require.Nil(t, do(t, n, "GET", "later"))
			require.Nil(t, do(t, n, "GET", "short"), "time has passed for it")
			require.Equal(t, []any{"a", "b"}, do(t, n, "LRANGE", "list", 0, -1))
			require.Equal(t, int64(1), do(t, n, "SCARD", "set"))
			require.Equal(t, "1", do(t, n, "HGET", "hash", "a"))
			require.InDelta(t, 1.5, do(t, n, "ZSCORE", "sorted", "a"), 0)
		}
	})
}

func TestWhatIsRememberedWhileOthersWriteHasWholeScriptsOnly(t *testing.T) {
	onOwn(t, func(t *testing.T, c *chaos.Cluster) {
		n, client := c.Nodes()[0], c.Dial()[0]
		ctx, stop := context.WithCancel(t.Context())
		var writing sync.WaitGroup
		defer writing.Wait()
		defer stop()
		written := make(chan struct{})
		writing.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				_ = client.Eval(t.Context(), "redis.call('SET', 'a', ARGV[1]) redis.call('SET', 'b', ARGV[1])", nil, i).Err()
				if i == 10 {
					close(written)
				}
			}
		})
		<-written
		if t.Name()[len(t.Name())-9:] == "processes" { // the files change under the copy
			do(t, n, "BGREWRITEAOF")
		}
		require.NoError(t, n.Remember(t.Context()))
		stop()
		writing.Wait()
		restart(t, n, chaos.Older)
		require.NotNil(t, do(t, n, "GET", "a"))
		require.Equal(t, do(t, n, "GET", "a"), do(t, n, "GET", "b"))
	})
}

func TestUsersOwnServersNeverForget(t *testing.T) {
	c := connect(t, chaos.Embedded(t, 1), chaos.ClusterOptions{AllowDestructive: true})
	n := c.Nodes()[0]
	require.ErrorIs(t, n.Remember(t.Context()), chaos.ErrUnsupported)
	require.NoError(t, n.Crash(t.Context()))
	for _, with := range []chaos.Memory{chaos.Empty, chaos.Older} {
		require.ErrorIs(t, n.Start(t.Context(), with), chaos.ErrUnsupported)
	}
	require.NoError(t, n.Start(t.Context(), chaos.Kept))
}

func TestACrashResetsConnectionsAndRefusesNewOnes(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		n := c.Nodes()[0]
		open := wire(t, n)
		say(t, open, "PING\r\n")
		hear(t, open, "+PONG\r\n")
		require.NoError(t, n.Crash(t.Context()))
		_, err := open.Read(make([]byte, 1))
		require.Error(t, err)
		require.NotErrorIs(t, err, io.EOF, "it is a reset")
		require.Error(t, impatient(t, n).Ping(t.Context()).Err())

		require.ErrorContains(t, n.Crash(t.Context()), "down")
		require.ErrorContains(t, n.Freeze(t.Context()), "down")
		_, err = n.Do(t.Context(), "PING")
		require.ErrorContains(t, err, "down")
		require.NoError(t, n.Start(t.Context(), chaos.Kept))
		require.NoError(t, n.Start(t.Context(), chaos.Empty), "it runs, and nothing is done")
		require.NoError(t, asker(t, n).Ping(t.Context()).Err())
	})
}

func TestEachRunHasANameAndAnAgeThatScriptsSee(t *testing.T) {
	onOwn(t, func(t *testing.T, c *chaos.Cluster) {
		n := c.Nodes()[0]
		info := func(field string) string {
			text := do(t, n, "EVAL", "return redis.call('INFO', 'server')", 0).(string)
			found := regexp.MustCompile(field + `:(\w+)\r\n`).FindStringSubmatch(text)
			require.Len(t, found, 2, text)
			return found[1]
		}
		seen := map[string]bool{}
		for _, with := range []chaos.Memory{chaos.Kept, chaos.Empty, chaos.Kept} {
			id := info("run_id")
			require.Len(t, id, 40)
			require.False(t, seen[id])
			seen[id] = true
			require.Regexp(t, `^\d+$`, info("uptime_in_seconds"))
			restart(t, n, with)
		}
	})
}

func TestANodeThatForgotDoesNotVoteUnderTheGuard(t *testing.T) {
	for name, nodes := range map[string]func(testing.TB, int) *chaos.Cluster{
		"embedded": chaos.Embedded, "processes": chaos.Processes,
	} {
		t.Run(name, func(t *testing.T) {
			c := nodes(t, 3)
			locker, err := redlock.New(c.Dial(), distlock.Config{TTL: time.Second, RestartGuard: time.Second})
			require.NoError(t, err)
			defer locker.Close()
			h, err := locker.WaitForLock(t.Context(), "k", patient)
			require.NoError(t, err)
			_ = h.Release(t.Context()) // a busy machine may have let it expire
			for _, n := range c.Nodes()[:2] {
				restart(t, n, chaos.Empty)
			}
			_, err = locker.TryAcquire(t.Context(), "k")
			require.ErrorIs(t, err, distlock.ErrUnavailable)
			require.Regexp(t, "(?i)restart|abstain", fmt.Sprint(err))
			h, err = locker.WaitForLock(t.Context(), "k", patient)
			require.NoError(t, err)
			_ = h.Release(t.Context())
		})
	}
}
