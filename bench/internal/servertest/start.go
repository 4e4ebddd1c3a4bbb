// Package servertest starts redis-server processes for a test, or skips it.
package servertest

import (
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/bench/internal/server"
)

// Require skips the test where no redis-server is installed; with
// DISTLOCK_REDIS=require in the environment it fails it.
func Require(tb testing.TB) {
	tb.Helper()
	if _, err := exec.LookPath("redis-server"); err == nil {
		return
	}
	if os.Getenv("DISTLOCK_REDIS") == "require" {
		tb.Fatal("redis-server is not installed, and DISTLOCK_REDIS=require")
	}
	tb.Skip("needs real Redis servers: install redis-server (apt-get install redis-server), then go test ./...")
}

// Start starts n servers that end with the test.
func Start(tb testing.TB, n int) []*server.Server {
	tb.Helper()
	Require(tb)
	servers := make([]*server.Server, n)
	for i := range servers {
		s, err := server.Start(server.Options{})
		require.NoError(tb, err)
		tb.Cleanup(func() { require.NoError(tb, s.Close()) })
		servers[i] = s
	}
	return servers
}

// Addrs returns the servers' addresses.
func Addrs(servers []*server.Server) []string {
	addrs := make([]string, len(servers))
	for i, s := range servers {
		addrs[i] = s.Addr()
	}
	return addrs
}
