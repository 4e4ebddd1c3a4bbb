package chaos_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
)

func TestHealUndoesEverything(t *testing.T) {
	for name, nodes := range map[string]func(testing.TB, int) *chaos.Cluster{
		"embedded": chaos.Embedded, "processes": chaos.Processes,
	} {
		t.Run(name, func(t *testing.T) {
			c, ctx := nodes(t, 4), t.Context()
			all := c.Nodes()
			for _, n := range all {
				do(t, n, "SET", "k", "1")
				require.NoError(t, n.RateClock(ctx, 3))
				trouble(t, n, chaos.Trouble{Refuse: true, Delay: time.Hour, DropReplies: true, LoseReplies: 9})
			}
			require.NoError(t, all[0].Suffer(ctx, chaos.WantsPassword))
			require.NoError(t, all[0].Crash(ctx))
			require.NoError(t, all[1].Suffer(ctx, chaos.IsReadOnly))
			require.NoError(t, all[1].Freeze(ctx))
			require.NoError(t, all[2].Suffer(ctx, chaos.IsLoading))
			for range 2 {
				heal(t, c)
			}
			for _, n := range all {
				client := asker(t, n)
				require.Equal(t, "1", client.Get(ctx, "k").Val())
				require.NoError(t, client.Set(ctx, "k", "2", 0).Err())
			}
		})
	}
}

func TestHealEndsWithItsContext(t *testing.T) {
	servers := chaos.Embedded(t, 1)
	c := connect(t, servers, chaos.ClusterOptions{})
	require.NoError(t, c.Nodes()[0].Crash(t.Context()))
	require.NoError(t, servers.Close())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.NoError(t, c.Heal(ctx), "its proxy is all there is to start")
	require.Error(t, impatient(t, c.Nodes()[0]).Ping(t.Context()).Err())
	require.NoError(t, c.Close())
	require.ErrorContains(t, c.Heal(t.Context()), "closed")
}

func TestAServerThatEndedOfItselfIsHealed(t *testing.T) {
	c := chaos.Processes(t, 1)
	n := c.Nodes()[0]
	do(t, n, "SET", "k", "1")
	_, err := n.Do(t.Context(), "SHUTDOWN", "NOSAVE")
	require.Error(t, err)
	eventually(t, func() bool {
		_, err := n.Do(t.Context(), "PING")
		return err != nil && strings.Contains(err.Error(), "it is down")
	})
	heal(t, c)
	require.Equal(t, "1", asker(t, n).Get(t.Context(), "k").Val())
}

func TestSightingsTellWhatNodesHold(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		n := c.Nodes()[0]
		do(t, n, "SET", "lock:a", "token", "PX", 60_000)
		do(t, n, "SET", "{lock:a}:fence", "7")
		do(t, n, "HSET", "lock:hash", "a", "1")
		do(t, n, "SET", "other", "1")
		trouble(t, n, chaos.Trouble{DropRequests: true})
		found, err := c.Sightings(t.Context(), "lock:", time.Minute)
		require.NoError(t, err)
		slices.SortFunc(found, func(a, b chaos.Sighting) int { return len(a.Key) - len(b.Key) })
		require.Len(t, found, 3)
		ttl := found[0].TTL
		require.Greater(t, ttl, 30*time.Second)
		require.Equal(t, chaos.Sighting{Node: n.Name(), Key: "lock:a", Value: "token", TTL: ttl, At: time.Minute}, found[0])
		require.Equal(t, "lock:hash", found[1].Key)
		require.Empty(t, found[1].Value)
		require.Equal(t, "7", found[2].Value)
		require.Negative(t, found[2].TTL)

		all, err := c.Sightings(t.Context(), "", 0)
		require.NoError(t, err)
		require.Len(t, all, 4)
		require.NoError(t, n.Crash(t.Context()))
		found, err = c.Sightings(t.Context(), "", 0)
		require.NoError(t, err)
		require.Empty(t, found, "of nodes that are up")
	})
}

func TestConnectionsAreCounted(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		n := c.Nodes()[0]
		open := func(want int) func() bool {
			return func() bool {
				count, err := c.Connections(t.Context())
				return err == nil && len(count) == 1 && count[n.Name()] == want
			}
		}
		eventually(t, open(0))
		a, b := wire(t, n), wire(t, n)
		eventually(t, open(2))
		require.NoError(t, a.Close())
		eventually(t, open(1))
		require.NoError(t, b.Close())
		eventually(t, open(0))
	})
}

func TestCloseEndsWhatDialReturned(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		first, second := c.Dial()[0], c.Dial()[0]
		require.NoError(t, first.Ping(t.Context()).Err())
		require.NoError(t, first.Close())
		require.NoError(t, second.Ping(t.Context()).Err())
		require.NoError(t, c.Nodes()[0].Freeze(t.Context()))
		require.NoError(t, c.Close())
		require.NoError(t, c.Close())
		require.ErrorIs(t, second.Ping(t.Context()).Err(), redis.ErrClosed)
		require.ErrorContains(t, c.Nodes()[0].Start(t.Context(), chaos.Kept), "closed")
	})
}

func TestAServersDataStandsWhereItIsTold(t *testing.T) {
	chaos.Processes(t, 1) // or it is skipped
	dir := t.TempDir()
	for range 2 {
		c, err := chaos.StartProcesses(2, chaos.ClusterOptions{Dir: dir})
		require.NoError(t, err)
		require.Nil(t, do(t, c.Nodes()[1], "GET", "k"), "it begins empty")
		do(t, c.Nodes()[1], "SET", "k", "1")
		require.NoError(t, c.Close())
		for _, node := range []string{"node-0", "node-1"} {
			require.DirExists(t, filepath.Join(dir, node, "data"))
		}
	}
}

func TestServersAreReachedWithTheirPassword(t *testing.T) {
	servers := chaos.Processes(t, 1)
	direct := servers.Nodes()[0]
	do(t, direct, "ACL", "SETUSER", "default", "resetpass", ">secret word")
	c := connect(t, chaos.Embedded(t, 1), chaos.ClusterOptions{})
	require.NoError(t, c.Dial()[0].Ping(t.Context()).Err())

	_, err := chaos.Connect(servers.URLs(), chaos.ClusterOptions{})
	require.ErrorContains(t, err, "NOAUTH")
	c, err = chaos.Connect([]string{"redis://:secret%20word@" + direct.Name() + "/3"}, chaos.ClusterOptions{})
	require.NoError(t, err)
	defer func() { require.NoError(t, c.Close()) }()
	require.NoError(t, c.Dial()[0].Set(t.Context(), "k", "1", 0).Err())
	other, err := redis.ParseURL(c.URLs()[0])
	require.NoError(t, err)
	require.Equal(t, c.Nodes()[0].Name(), other.Addr)
	client := redis.NewClient(other)
	defer client.Close()
	require.Equal(t, "1", client.Get(t.Context(), "k").Val())
	require.Contains(t, do(t, direct, "INFO", "keyspace"), "db3:keys=1")
}

func TestUsersOwnServersAreSparedWhatDestroys(t *testing.T) {
	servers := chaos.Embedded(t, 1)
	n := connect(t, servers, chaos.ClusterOptions{Prefix: "lock:"}).Nodes()[0]
	for _, command := range [][]any{{"flushall"}, {"CONFIG", "SET", "maxmemory", "1"}, {"DEL", "lock:a", "other"}} {
		_, err := n.Do(t.Context(), command...)
		require.ErrorIs(t, err, chaos.ErrUnsupported)
	}
	do(t, n, "SET", "lock:a", "1")
	require.Equal(t, int64(1), do(t, n, "DEL", "lock:a", "{lock:a}:fence"))
	n = connect(t, servers, chaos.ClusterOptions{AllowDestructive: true}).Nodes()[0]
	require.Equal(t, "OK", do(t, n, "FLUSHALL"))
}

func TestWhatCannotStartSaysSo(t *testing.T) {
	_, err := chaos.StartEmbedded(0, chaos.ClusterOptions{})
	require.ErrorContains(t, err, "at least one node")
	_, err = chaos.Connect([]string{"http://:secret@localhost"}, chaos.ClusterOptions{})
	require.ErrorContains(t, err, "URL 1")
	require.NotContains(t, err.Error(), "secret")
	_, err = chaos.Connect([]string{chaos.Embedded(t, 1).URLs()[0], "redis://127.0.0.1:1"}, chaos.ClusterOptions{})
	require.ErrorContains(t, err, "127.0.0.1:1:")
	program := filepath.Join(t.TempDir(), "redis-server")
	require.NoError(t, os.WriteFile(program, []byte("#!/bin/sh\necho what a pity\n"), 0o700))
	t.Setenv("PATH", filepath.Dir(program))
	_, err = chaos.StartProcesses(1, chaos.ClusterOptions{})
	require.ErrorContains(t, err, "what a pity")
	t.Setenv("PATH", "")
	_, err = chaos.StartProcesses(1, chaos.ClusterOptions{})
	require.ErrorContains(t, err, "redis-server is not installed")
}
