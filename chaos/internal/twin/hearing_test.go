package twin_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos/internal/twin"
)

// A hearing compares what is heard on the channels of ears, of a server and of its twin.
type hearing struct {
	server *redis.PubSub
	came   chan any
	twins  []string
}

func listen(tb testing.TB, client *redis.Client) *hearing {
	ctx := context.Background()
	h := &hearing{server: client.Subscribe(ctx, ears...), came: make(chan any, 1000)}
	for range ears {
		_, err := h.server.Receive(ctx)
		require.NoError(tb, err)
	}
	go func() { // ends with the subscription, which the test's end waits for
		defer close(h.came)
		for {
			got, err := h.server.Receive(ctx)
			if err != nil {
				return
			}
			h.came <- got // at once: miniredis does nothing else meanwhile
		}
	}()
	tb.Cleanup(func() {
		_ = h.server.Close()
		for range h.came {
		}
	})
	return h
}

// follow has n's messages be the twin's.
func (h *hearing) follow(n *twin.Node) {
	h.twins = nil
	n.Published = func(channel, message string, sharded bool) int {
		if sharded || !slices.Contains(ears, channel) {
			return 0
		}
		h.twins = append(h.twins, channel+" "+message)
		return 1
	}
}

// same requires that both have heard the same since it was asked last.
func (h *hearing) same(tb testing.TB) {
	for _, want := range h.twins {
		require.Equal(tb, want, h.next(tb))
	}
	h.twins = nil
	require.NoError(tb, h.server.Ping(context.Background(), "no more"))
	require.Empty(tb, h.next(tb))
}

// next returns the server's next message, or "" where a ping was answered.
func (h *hearing) next(tb testing.TB) string {
	select {
	case got := <-h.came:
		if m, is := got.(*redis.Message); is {
			return m.Channel + " " + m.Payload
		}
		require.IsType(tb, &redis.Pong{}, got)
	case <-time.After(time.Minute):
		require.Fail(tb, "a message is missing")
	}
	return ""
}
