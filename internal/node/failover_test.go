package node_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/node"
	"github.com/lilith/distlock/internal/redistest"
)

// TestAFailoverClientIsLeftInTimeAndFollowsThePromotedReplica has a Sentinel promote a
// replica after the master was killed.
func TestAFailoverClientIsLeftInTimeAndFollowsThePromotedReplica(t *testing.T) {
	t.Parallel()
	master, replica := redistest.Start(t), redistest.Start(t)
	host, port, err := net.SplitHostPort(master.Addr())
	require.NoError(t, err)
	replica.Do("REPLICAOF", host, port)
	require.Eventually(t, func() bool {
		return strings.Contains(replica.Do("INFO", "replication").(string), "master_link_status:up")
	}, patience, 10*time.Millisecond)

	config := filepath.Join(t.TempDir(), "sentinel.conf")
	require.NoError(t, os.WriteFile(config, fmt.Appendf(nil,
		"sentinel monitor group %s %s 1\nsentinel down-after-milliseconds group 500\nsentinel failover-timeout group 5000\n",
		host, port), 0o600))
	sentinel := redistest.StartSentinel(t, config)
	require.Eventually(t, func() bool { // it has heard of the replica
		replicas, _ := sentinel.Do("SENTINEL", "REPLICAS", "group").([]any)
		return len(replicas) == 1
	}, patience, 10*time.Millisecond)

	n := newNode(t, closing(t, redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: "group", SentinelAddrs: []string{sentinel.Addr()},
	})))
	require.Equal(t, "node 1", n.Name())
	require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Acquire).Outcome)
	require.Equal(t, distlock.Refused, ask(n, request("theirs"), node.Acquire).Outcome)
	require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Release).Outcome)

	master.Freeze()
	start := time.Now()
	require.Equal(t, distlock.Unreachable, ask(n, impatient("mine"), node.Acquire).Outcome)
	require.Less(t, time.Since(start), bounded)
	master.Kill()
	require.Eventually(t, func() bool {
		return ask(n, impatient("theirs"), node.Acquire).Outcome == distlock.Granted
	}, patience, 10*time.Millisecond)
	require.Equal(t, "theirs", replica.Do("GET", key))
}
