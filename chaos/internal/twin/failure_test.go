package twin_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos/internal/twin"
	"github.com/lilith/distlock/internal/redistest"
	"github.com/lilith/distlock/internal/scripts"
)

// eval is a step that runs a script by its hash.
func eval(s *scripts.Script, keys int, words ...any) step {
	return step{args: append([]any{"evalsha", s.SHA, keys}, words...)}
}

func plain(words ...any) step { return step{args: words} }

// prepare are the steps before a failure: all scripts known, and some keys held.
var prepare = []step{
	plain("script", "load", scripts.Acquire.Source),
	plain("script", "load", scripts.Accept.Source),
	plain("script", "load", scripts.Extend.Source),
	plain("script", "load", scripts.Release.Source),
	plain("script", "load", scripts.Check.Source),
	plain("script", "load", scripts.HandOver.Source),
	plain("script", "load", scripts.Queue.Source),
	eval(scripts.Acquire, 3, "held", "held:dead", "held:fence", "me", "3600000", "0"),
	eval(scripts.Acquire, 3, "mine", "mine:dead", "mine:fence", "me", "3600000", "0"),
	plain("set", "endless", "me"),
	eval(scripts.Acquire, 3, "handed", "handed:dead", "handed:fence", "me", "3600000", "0"),
	plain("zadd", "queue", "1", "pear:one"),
	plain("zadd", "queue", "2", "pear:two"),
	plain("zadd", "kept", "1", "pear:one"),
	plain("pexpire", "kept", "9000000"),
	plain("set", "wrong", "x", "px", "9000000"),
}

// battery is what a Locker may ask of a node, on each way through a script.
var battery = []step{
	eval(scripts.Acquire, 3, "free", "free:dead", "free:fence", "me", "3600000", "0"),
	eval(scripts.Acquire, 2, "free", "free:dead", "me", "3600000", "0"),
	eval(scripts.Acquire, 3, "held", "held:dead", "held:fence", "other", "3600000", "0"),
	eval(scripts.Acquire, 3, "mine", "mine:dead", "mine:fence", "me", "60000", "0"),
	eval(scripts.Acquire, 3, "mine", "mine:dead", "mine:fence", "me", "7200000", "0"),
	eval(scripts.Acquire, 3, "endless", "endless:dead", "endless:fence", "me", "7200000", "0"),
	eval(scripts.Acquire, 2, "endless", "endless:dead", "me", "7200000", "0"),
	eval(scripts.Accept, 2, "mine", "mine:fence", "me", "7", "60000"),
	eval(scripts.Accept, 2, "mine", "mine:fence", "other", "7", "60000"),
	eval(scripts.Extend, 2, "mine", "mine:fence", "me", "9000000"),
	eval(scripts.Extend, 2, "mine", "mine:fence", "me", "600000000"),
	eval(scripts.Extend, 2, "held", "mine:fence", "other", "600000000"),
	eval(scripts.Extend, 2, "free", "mine:fence", "me", "600000000"),
	eval(scripts.Release, 2, "held", "held:dead", "other", "60000", "1"),
	eval(scripts.Release, 2, "free", "free:dead", "other", "60000", "0"),
	eval(scripts.Release, 2, "mine", "mine:dead", "me", "60000", "1"),
	eval(scripts.Release, 2, "held", "held:dead", "me", "60000", "0"),
	eval(scripts.HandOver, 4, "none", "none:dead", "none:dead2", "none:fence", "me", "60000", "0", "next", "3600000", "0"),
	eval(scripts.HandOver, 4, "handed", "handed:dead", "handed:dead2", "handed:fence", "me", "60000", "0", "next", "3600000", "0"),
	eval(scripts.HandOver, 3, "handed", "handed:dead", "handed:dead2", "me", "60000", "0", "next", "7200000", "0"),
	eval(scripts.HandOver, 4, "handed", "handed:dead", "handed:dead2", "held:fence", "next", "60000", "1", "me", "3600000", "0"),
	eval(scripts.Queue, 2, "endless", "kept", "pear:two", "0", "60000"),
	eval(scripts.Queue, 2, "endless", "queue", "pear:two", "0", "7200000"),
	eval(scripts.Queue, 2, "endless", "wrong", "pear:two", "0", "7200000"),
	eval(scripts.Queue, 2, "endless", "queue", "", "0", "0"),
	eval(scripts.Queue, 2, "none", "queue", "", "0", "0"),
	eval(scripts.Release, 3, "endless", "endless:dead", "queue", "me", "60000", "0", "pear:none"),
	eval(scripts.Release, 3, "endless", "endless:dead", "wrong", "me", "60000", "0", "pear:none"),
	eval(scripts.Check, 2, "endless", "held:fence"),
	eval(&scripts.Script{SHA: strings.Repeat("0", 40)}, 1, "k"),
	{args: []any{"EVAL", scripts.Check.Source, 2, "endless", "held:fence"}},
	plain("set", "a", "b"),
	plain("get", "held:fence"),
	plain("pexpire", "held:fence", 100),
	plain("pexpire", "none", 100),
	plain("exists", "held"),
	plain("pttl", "endless"),
	plain("type", "endless"),
	plain("hset", "h", "f", "v"),
	plain("zadd", "queue", "3", "pear:one"),
	plain("zrange", "queue", "0", "-1"),
	plain("zrem", "queue", "pear:one"),
	plain("del", "none"),
	plain("flushall"),
}

func TestANodeFailsInRedissOwnWordsAndPlaces(t *testing.T) {
	for _, c := range []struct {
		name    string
		failure *twin.Failure
		inflict func(server *redistest.Server)
	}{
		{"out of memory", twin.OutOfMemory, func(s *redistest.Server) { s.Do("config", "set", "maxmemory", 1) }},
		{"read only", twin.ReadOnly, func(s *redistest.Server) { s.Do("replicaof", "127.0.0.1", "1") }},
		{"misconfigured", twin.Misconfigured, spoilSnapshots},
		{"unauthenticated", twin.Unauthenticated, func(s *redistest.Server) { s.Do("config", "set", "requirepass", "secret") }},
		{"no permission", twin.NoPermission, func(s *redistest.Server) { s.Do("acl", "setuser", "default", "-eval", "-evalsha") }},
		{"no key permission", twin.NoKeyPermission, func(s *redistest.Server) { s.Do("acl", "setuser", "default", "resetkeys") }},
		{"wrong type", nil, func(s *redistest.Server) { s.Do("del", "held:fence"); s.Do("hset", "held:fence", "f", "v") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			server := redistest.Start(t)
			p := newPair(t, server)
			for _, s := range prepare {
				p.step(s, s.String())
			}
			c.inflict(server)
			p.client = server.Client() // a connection is let in for good
			p.twin.Fail(c.failure)
			if c.failure == nil {
				_, _ = p.twin.Do(p.now(), []any{"del", "held:fence"})
				_, _ = p.twin.Do(p.now(), []any{"hset", "held:fence", "f", "v"})
			}
			for _, s := range battery {
				p.step(s, s.String())
			}
		})
	}
}

// spoilSnapshots takes away the directory that a server is to save its data in.
func spoilSnapshots(s *redistest.Server) {
	dir := s.Do("config", "get", "dir").(map[any]any)["dir"].(string)
	if err := os.RemoveAll(dir); err != nil {
		panic(err)
	}
	s.Do("config", "set", "save", "3600 1")
	s.Do("bgsave")
	s.Await(func() bool {
		return strings.Contains(s.Do("info", "persistence").(string), "rdb_last_bgsave_status:err")
	})
}

func TestANodeIsLoadingInRedissOwnWords(t *testing.T) {
	server := redistest.Start(t, "--key-load-delay", "50", "--loading-process-events-interval-bytes", "1024")
	fill := server.Client().Pipeline()
	for i := range 50_000 { // some seconds' worth
		fill.Set(context.Background(), fmt.Sprint(i), i, 0)
	}
	_, err := fill.Exec(context.Background())
	require.NoError(t, err)
	server.Do("save")
	server.Kill()
	server.Restart()

	n := twin.New("run", 0)
	n.Fail(twin.Loading)
	client := server.Client()
	for _, s := range []step{
		battery[0], plain("script", "flush"), plain("get", "1"), plain("set", "a", "b"), plain("ping"),
	} {
		_, want := n.Do(0, s.args)
		require.EqualError(t, want, twin.Loading.Text)
		require.EqualError(t, client.Do(context.Background(), s.args...).Err(), want.Error(), s)
	}
}

func TestAFailureEndsAndMayBeOfTheCallersWords(t *testing.T) {
	n := twin.New("run", start)
	n.FailWith("ERR the {command} of old", "get")
	_, err := n.Do(start, []any{"GET", "k"})
	require.EqualError(t, err, "ERR the get of old")
	require.True(t, redis.HasErrorPrefix(err, "the get"))
	_, err = n.Do(start, []any{"set", "k", "v"})
	require.NoError(t, err)
	n.FailWith("BUSY")
	_, err = n.Do(start, []any{"set", "k", "v"})
	require.EqualError(t, err, "BUSY")
	n.Restart(start+time.Second, twin.Kept)
	_, err = n.Do(start, []any{"get", "k"})
	require.EqualError(t, err, "BUSY", "a restart mends nothing")
	n.Fail(nil)
	value, err := n.Do(start+time.Second, []any{"get", "k"})
	require.NoError(t, err)
	require.Equal(t, "v", value)
}
