package single_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/single"
)

type slowConn struct {
	net.Conn
	d *atomic.Int64
}

func (c slowConn) Read(b []byte) (int, error) {
	time.Sleep(time.Duration(c.d.Load()))
	return c.Conn.Read(b)
}

func TestASuccessorInAHurryCostsTheReleaseNothing(t *testing.T) {
	m := miniredis.RunT(t)
	var d atomic.Int64
	client := redis.NewClient(&redis.Options{Addr: m.Addr(), DialerRetries: 1, Dialer: func(_ context.Context, network, addr string) (net.Conn, error) {
		c, err := net.Dial(network, addr)
		return slowConn{c, &d}, err
	}})
	defer client.Close()
	waits := make(chan struct{}, 10)
	l, err := single.New(client, distlock.Config{
		TTL: 10 * time.Second, NodeTimeout: time.Second, RetryDelay: time.Hour, MaxRetryDelay: time.Hour, NoWakeups: true, MaxRetries: distlock.RetryForever,
		Trace: &distlock.Trace{Waiting: func(distlock.Event) { waits <- struct{}{} }},
	})
	require.NoError(t, err)
	defer l.Close()
	h, err := l.Acquire(context.Background(), "k")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	go l.Acquire(ctx, "k", distlock.WithTTL(60*time.Millisecond))
	<-waits
	d.Store(int64(100 * time.Millisecond))
	require.NoError(t, h.Release(context.Background()))
}
