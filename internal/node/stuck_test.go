package node_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/internal/node"
	"github.com/lilith/distlock/internal/redistest"
)

// A deafClient keeps each request waiting until its end, whatever the context says.
type deafClient struct {
	redis.UniversalClient
	asked atomic.Int64
	end   chan struct{}
}

// Process implements redis.UniversalClient.
func (c *deafClient) Process(context.Context, redis.Cmder) error {
	c.asked.Add(1)
	<-c.end
	return errors.New("it gave up")
}

func TestTheGoroutinesThatAClientKeepsWaitingAreBounded(t *testing.T) {
	const most, requests = 256, 300
	_, clients := redistest.Minis(t, 1)
	client := &deafClient{UniversalClient: clients[0], end: make(chan struct{})}
	n := node.New(client, 0)
	var asking sync.WaitGroup
	var shutOut atomic.Int64
	for range requests {
		asking.Go(func() {
			if r := ask(n, impatient("mine"), node.Inspect); r.Err != nil && strings.Contains(r.Err.Error(), "stuck in its client") {
				shutOut.Add(1)
			}
		})
	}
	asking.Wait()
	close(client.end)
	require.NoError(t, n.Close()) // all that were let in have asked by now
	require.LessOrEqual(t, client.asked.Load(), int64(most))
	require.Equal(t, int64(requests-most), shutOut.Load(), "the others failed at once")
}
