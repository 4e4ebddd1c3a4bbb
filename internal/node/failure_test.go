package node_test

import (
	"os"
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

// user makes a user of what rights says, and returns a client of that user.
func user(t *testing.T, server *redistest.Server, rights string) *redis.Client {
	args := []any{"ACL", "SETUSER", "worker", "on", ">secret"}
	for right := range strings.FieldsSeq(rights) {
		args = append(args, right)
	}
	server.Do(args...)
	return closing(t, redis.NewClient(&redis.Options{Addr: server.Addr(), Username: "worker", Password: "secret"}))
}

func requireFailed(t *testing.T, r node.Reply, rejected bool, text string) {
	t.Helper()
	require.Equal(t, distlock.Unreachable, r.Outcome)
	require.ErrorContains(t, r.Err, text)
	require.Equal(t, rejected, r.Rejected, "%v", r.Err)
	// Of two copies only the second was answered: a server that ends the connection with
	// its answer may do so after the next request has found it whole.
	require.False(t, r.MaySet && !r.Resent, "it was answered: %v", r.Err)
}

func TestWhatRetryingCannotMendIsRejected(t *testing.T) {
	guarded := request("mine")
	guarded.RestartGuard = 2 * time.Hour // makes the request one of more than ten arguments
	for _, c := range []struct {
		name   string
		args   []string // of the server
		client func(*testing.T, *redistest.Server) *redis.Client
		req    *distlock.Request
		text   string
	}{
		{
			"no password",
			[]string{"--requirepass", "secret"},
			func(_ *testing.T, s *redistest.Server) *redis.Client { return s.Client() },
			request("mine"), "NOAUTH",
		},
		{
			"no password for a long request",
			[]string{"--requirepass", "secret"},
			func(_ *testing.T, s *redistest.Server) *redis.Client { return s.Client() },
			guarded, "unauthenticated multibulk length",
		},
		{
			"a wrong password",
			[]string{"--requirepass", "secret"},
			func(t *testing.T, s *redistest.Server) *redis.Client {
				return closing(t, redis.NewClient(&redis.Options{Addr: s.Addr(), Password: "guess"}))
			},
			request("mine"), "WRONGPASS",
		},
		{
			"no right to run scripts", nil,
			func(t *testing.T, s *redistest.Server) *redis.Client { return user(t, s, "~* +@all -@scripting") },
			request("mine"), "NOPERM",
		},
		{
			"no right to read", nil,
			func(t *testing.T, s *redistest.Server) *redis.Client { return user(t, s, "~* +@all -get") },
			request("mine"), "can't run this command",
		},
		{
			"no right to write", nil,
			func(t *testing.T, s *redistest.Server) *redis.Client { return user(t, s, "~* +@all -set") },
			request("mine"), "can't run this command",
		},
		{
			"no right to the key", nil,
			func(t *testing.T, s *redistest.Server) *redis.Client { return user(t, s, "~other:* +@all") },
			request("mine"), "NOPERM",
		},
		{
			"a lock key of the wrong type", nil,
			func(_ *testing.T, s *redistest.Server) *redis.Client {
				s.Do("RPUSH", key, "x")
				return s.Client()
			},
			request("mine"), "WRONGTYPE",
		},
		{
			"a counter of the wrong type", nil,
			func(_ *testing.T, s *redistest.Server) *redis.Client {
				s.Do("RPUSH", scripts.FenceKey(key), "x")
				return s.Client()
			},
			request("mine"), "WRONGTYPE",
		},
		{
			"a counter that is none", nil,
			func(_ *testing.T, s *redistest.Server) *redis.Client {
				s.Do("SET", scripts.FenceKey(key), "spoiled")
				return s.Client()
			},
			request("mine"), "holds no fencing counter",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newNode(t, c.client(t, redistest.Start(t, c.args...)))
			for range 2 { // with the source, as the server does not know it, and without
				requireFailed(t, ask(n, c.req, node.Acquire), true, c.text)
			}
		})
	}
}

func TestWhatMayPassIsUnreachableAndNotRejected(t *testing.T) {
	for _, c := range []struct {
		name, text string
		args       []string
	}{
		{"a replica", "READONLY", []string{"--replicaof", "127.0.0.1", "1"}},
		{"a replica that is cut off", "MASTERDOWN", []string{"--replicaof", "127.0.0.1", "1", "--replica-serve-stale-data", "no"}},
		{"a master without its replicas", "NOREPLICAS", []string{"--min-replicas-to-write", "1"}},
		{"memory is used up", "OOM", []string{"--maxmemory", "1", "--maxmemory-policy", "noeviction"}},
		{"a Cluster without its slots", "CLUSTERDOWN", []string{"--cluster-enabled", "yes"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := newNode(t, redistest.Start(t, c.args...).Client())
			for range 2 {
				requireFailed(t, ask(n, request("mine"), node.Acquire), false, c.text)
			}
		})
	}
}

func TestAServerThatCannotSaveIsUnreachableAndNotRejected(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server.Client())
	// A snapshot that has nowhere to go.
	dir := server.Do("CONFIG", "GET", "dir").(map[any]any)["dir"].(string)
	require.NoError(t, os.RemoveAll(dir))
	server.Do("CONFIG", "SET", "save", "3600 1")
	server.Do("BGSAVE")
	require.Eventually(t, func() bool {
		return strings.Contains(server.Do("INFO", "persistence").(string), "rdb_last_bgsave_status:err")
	}, patience, 10*time.Millisecond)
	requireFailed(t, ask(n, request("mine"), node.Acquire), false, "MISCONF")
}

func TestAServerThatIsLoadingIsUnreachableAndNotRejected(t *testing.T) {
	server := redistest.Start(t, "--key-load-delay", "20000", "--loading-process-events-interval-bytes", "1024")
	n := newNode(t, server.Client())
	server.Do("EVAL", `for i = 1, 2000 do redis.call('SET', 'k' .. i, string.rep('x', 1024)) end`, 0)
	server.Do("CONFIG", "SET", "rdbcompression", "no")
	server.Do("SAVE")
	server.Kill()
	server.Restart() // and loads for 40 s
	requireFailed(t, ask(n, request("mine"), node.Acquire), false, "LOADING")
}
