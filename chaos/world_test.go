package chaos_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
)

// patient is how long a test waits for what must come.
const patient = 20 * time.Second

// onEach runs a test on each kind of nodes: embedded, processes, and the user's own.
func onEach(t *testing.T, test func(t *testing.T, c *chaos.Cluster)) {
	t.Run("embedded", func(t *testing.T) { test(t, chaos.Embedded(t, 1)) })
	t.Run("processes", func(t *testing.T) { test(t, chaos.Processes(t, 1)) })
	t.Run("servers", func(t *testing.T) {
		test(t, connect(t, chaos.Embedded(t, 1), chaos.ClusterOptions{AllowDestructive: true}))
	})
}

// onOwn leaves out the user's own servers, which are not restarted.
func onOwn(t *testing.T, test func(t *testing.T, c *chaos.Cluster)) {
	t.Run("embedded", func(t *testing.T) { test(t, chaos.Embedded(t, 1)) })
	t.Run("processes", func(t *testing.T) { test(t, chaos.Processes(t, 1)) })
}

// connect takes the servers of a cluster for the user's own.
func connect(t *testing.T, servers *chaos.Cluster, o chaos.ClusterOptions) *chaos.Cluster {
	c, err := chaos.Connect(servers.URLs(), o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// do runs a command past the proxy.
func do(t *testing.T, n chaos.Node, args ...any) any {
	t.Helper()
	v, err := n.Do(t.Context(), args...)
	require.NoError(t, err)
	return v
}

// impatient is a client that asks once, and waits half a second: for what does not come.
func impatient(t *testing.T, n chaos.Node) *redis.Client {
	return asking(t, n, 500*time.Millisecond)
}

// asker is a client that asks once, and waits for the answer however busy the machine is.
func asker(t *testing.T, n chaos.Node) *redis.Client { return asking(t, n, patient) }

func asking(t *testing.T, n chaos.Node, timeout time.Duration) *redis.Client {
	c := redis.NewClient(&redis.Options{
		Addr: n.Name(), MaxRetries: -1, DialerRetries: 1,
		DialTimeout: timeout, ReadTimeout: timeout, WriteTimeout: timeout,
	})
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// wire is a bare connection through the proxy.
func wire(t *testing.T, n chaos.Node) net.Conn {
	conn, err := net.Dial("tcp", n.Name())
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	require.NoError(t, conn.SetDeadline(time.Now().Add(patient)))
	return conn
}

// say sends commands, one a line, in one write.
func say(t *testing.T, conn net.Conn, lines string) {
	t.Helper()
	var b strings.Builder
	for line := range strings.Lines(lines) {
		words := strings.Fields(line)
		fmt.Fprintf(&b, "*%d\r\n", len(words))
		for _, w := range words {
			fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(w), w)
		}
	}
	_, err := conn.Write([]byte(b.String()))
	require.NoError(t, err)
}

func hear(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	got := make([]byte, len(text))
	n, err := readFull(conn, got)
	require.NoError(t, err, "heard %q", got[:n])
	require.Equal(t, text, string(got))
}

func readFull(conn net.Conn, b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var more int
		more, err = conn.Read(b[n:])
		n += more
	}
	return n, err
}

func eventually(t *testing.T, condition func() bool) {
	t.Helper()
	require.Eventually(t, condition, patient, 2*time.Millisecond)
}

func heal(t *testing.T, c *chaos.Cluster) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patient)
	defer cancel()
	require.NoError(t, c.Heal(ctx))
}
