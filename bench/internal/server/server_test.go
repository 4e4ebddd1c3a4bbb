package server_test

import (
	"bufio"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/bench/internal/server"
	"github.com/lilith/distlock/bench/internal/servertest"
)

func client(t *testing.T, addr string) *redis.Client {
	t.Helper()
	c := redis.NewClient(&redis.Options{Addr: addr, ReadTimeout: 100 * time.Millisecond, MaxRetries: -1})
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

func TestAServerCountsWhatItWasSent(t *testing.T) {
	s := servertest.Start(t, 1)[0]
	c := client(t, s.Addr())
	require.NoError(t, c.Set(t.Context(), "k", "v", 0).Err())
	require.NoError(t, c.Set(t.Context(), "k", "w", 0).Err())
	calls, err := s.Calls(t.Context())
	require.NoError(t, err)
	require.Equal(t, 2, calls["set"])
	require.Zero(t, calls["get"])
}

func TestAServerThatWasKilledComesBackEmptyOnItsPort(t *testing.T) {
	s := servertest.Start(t, 1)[0]
	c := client(t, s.Addr())
	require.NoError(t, c.Set(t.Context(), "k", "v", 0).Err())
	s.Kill()
	require.Error(t, c.Get(t.Context(), "k").Err())
	require.NoError(t, s.Restart())
	require.ErrorIs(t, client(t, s.Addr()).Get(t.Context(), "k").Err(), redis.Nil)
}

func TestAFrozenServerAnswersWhenThawed(t *testing.T) {
	s := servertest.Start(t, 1)[0]
	c := client(t, s.Addr())
	require.NoError(t, c.Ping(t.Context()).Err())
	require.NoError(t, s.Freeze())
	require.Error(t, c.Ping(t.Context()).Err())
	require.NoError(t, s.Thaw())
	require.Eventually(t, func() bool { return c.Ping(t.Context()).Err() == nil }, 20*time.Second, 5*time.Millisecond)
}

func TestAProxyHoldsEachAnswerForAsLongAsToldAndKeepsWhatItDid(t *testing.T) {
	s := servertest.Start(t, 1)[0]
	p, err := server.NewProxy(s.Addr(), server.Network{Base: 3 * time.Millisecond})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	conn, err := net.Dial("tcp", p.Addr())
	require.NoError(t, err)
	defer conn.Close()
	answers := bufio.NewReader(conn)
	for range 3 {
		began := time.Now()
		_, err = conn.Write([]byte("PING\r\n"))
		require.NoError(t, err)
		line, err := answers.ReadString('\n')
		require.NoError(t, err)
		require.Equal(t, "+PONG\r\n", line)
		require.GreaterOrEqual(t, time.Since(began), 3*time.Millisecond)
	}
	holds := p.Holds()
	require.Len(t, holds, 3)
	for _, h := range holds {
		require.GreaterOrEqual(t, h, 3*time.Millisecond)
	}
}

func TestAProxyGivesSomeAnswersTheTail(t *testing.T) {
	s := servertest.Start(t, 1)[0]
	p, err := server.NewProxy(s.Addr(), server.Network{Tail: 2 * time.Millisecond, TailPart: 1})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, p.Close()) })
	c := client(t, p.Addr())
	require.NoError(t, c.Ping(t.Context()).Err())
	require.GreaterOrEqual(t, p.Holds()[0], 2*time.Millisecond)
}
