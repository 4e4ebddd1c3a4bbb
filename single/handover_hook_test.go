package single_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/single"
)

func TestAHookThatEndsTheReleasingGoroutineStrandsNobody(t *testing.T) {
	m := miniredis.RunT(t)
	client := redis.NewClient(&redis.Options{Addr: m.Addr()})
	defer client.Close()
	waits := make(chan struct{}, 10)
	l, err := single.New(client, distlock.Config{
		TTL: 2 * time.Second, RetryDelay: time.Second, MaxRetryDelay: time.Second, NoWakeups: true, MaxRetries: distlock.RetryForever,
		Trace: &distlock.Trace{
			Waiting: func(distlock.Event) { waits <- struct{}{} },
			Vote: func(e distlock.Event) {
				if e.Op == "release" {
					runtime.Goexit()
				}
			},
		},
	})
	require.NoError(t, err)
	defer l.Close()
	h, err := l.Acquire(context.Background(), "k")
	require.NoError(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 8*time.Second)
	defer cancel()
	go func() { <-waits; _ = h.Release(context.Background()) }()
	go func() {
		for ctx.Err() == nil {
			time.Sleep(50 * time.Millisecond)
			m.FastForward(50 * time.Millisecond)
		}
	}()
	_, err = l.Acquire(ctx, "k")
	require.NoError(t, err)
}
