package single_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/redistest"
	"github.com/lilith/distlock/single"
)

// go-redis has requests beyond PoolSize stand in line for a connection, and fails those
// beyond MaxActiveConns.
func TestOneConnectionIsEnoughForManyLocks(t *testing.T) {
	server := redistest.Start(t)
	for name, few := range map[string]redis.Options{
		"in the pool": {PoolSize: 1}, "at all": {MaxActiveConns: 1},
	} {
		t.Run(name, func(t *testing.T) {
			proxy := redistest.NewProxy(t, server.Addr())
			proxy.Delay(2 * time.Millisecond)
			few.Addr, few.MaxRetries = proxy.Addr(), -1
			client := redis.NewClient(&few)
			defer client.Close()
			l, err := single.New(client, distlock.Config{MaxRetries: distlock.NoRetries, NodeTimeout: 10 * time.Second, NoWakeups: true})
			require.NoError(t, err)
			defer l.Close()
			var all sync.WaitGroup
			for g := range 12 {
				all.Go(func() {
					for range 5 {
						h, err := l.Acquire(context.Background(), fmt.Sprint(g))
						if err == nil {
							err = h.Release(context.Background())
						}
						if err != nil {
							t.Error(err)
							return
						}
					}
				})
			}
			all.Wait()
		})
	}
}
