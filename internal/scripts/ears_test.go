package scripts_test

import (
	"context"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// Ears are the subscriptions of those who wait in other processes, by channel.
type ears struct {
	*play
	channels      []string
	subscriptions []*redis.PubSub
}

// listen subscribes to the channels of entries.
func (p *play) listen(entries []string) *ears {
	e := &ears{play: p}
	for _, entry := range entries {
		channel := entry[1:]
		subscribe := p.client.Subscribe
		if strings.HasPrefix(entry, "s") {
			subscribe = p.client.SSubscribe
		}
		s := subscribe(context.Background(), channel)
		p.Cleanup(func() { _ = s.Close() })
		_, err := s.Receive(context.Background()) // it is on
		require.NoError(p, err)
		e.channels = append(e.channels, channel)
		e.subscriptions = append(e.subscriptions, s)
	}
	return e
}

// heard requires that this message was sent, and no other: "" is none.
func (e *ears) heard(want string) {
	e.Helper()
	for i, s := range e.subscriptions {
		if strings.HasPrefix(want, e.channels[i]+" ") {
			require.Equal(e, want, e.next(s))
			want = ""
		}
	}
	require.Empty(e, want, "nobody listens there")
	for i, s := range e.subscriptions {
		// What a server has sent comes before its answer to a ping.
		require.NoError(e, s.Ping(context.Background(), "no more"))
		require.Empty(e, e.next(s), e.channels[i])
	}
}

// next returns the next message, or "" where a ping was answered.
func (e *ears) next(s *redis.PubSub) string {
	got, err := s.ReceiveTimeout(context.Background(), 30*time.Second)
	require.NoError(e, err)
	if m, is := got.(*redis.Message); is {
		return m.Channel + " " + m.Payload
	}
	require.IsType(e, &redis.Pong{}, got)
	return ""
}
