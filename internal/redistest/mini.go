package redistest

import (
	"testing"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// Minis starts n embedded servers whose keys expire by the clock, and a client in
// default settings for each. They end with the test.
func Minis(tb testing.TB, n int) ([]*miniredis.Miniredis, []redis.UniversalClient) {
	tb.Helper()
	servers := make([]*miniredis.Miniredis, n)
	clients := make([]redis.UniversalClient, n)
	for i := range servers {
		m := miniredis.NewMiniRedis()
		m.ClockTTL(true)
		require.NoError(tb, m.Start())
		tb.Cleanup(m.Close)
		servers[i] = m
		clients[i] = NewClient(tb, m.Addr())
	}
	return servers, clients
}

// NewClient returns a client in go-redis's default settings, closed with the test.
func NewClient(tb testing.TB, addr string) *redis.Client {
	tb.Helper()
	c := redis.NewClient(&redis.Options{Addr: addr})
	tb.Cleanup(func() { _ = c.Close() })
	return c
}
