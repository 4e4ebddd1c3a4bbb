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
		subscribe, unsubscribe := p.client.Subscribe, (*redis.PubSub).Unsubscribe
		if strings.HasPrefix(entry, "s") {
			subscribe, unsubscribe = p.client.SSubscribe, (*redis.PubSub).SUnsubscribe
		}
		s := subscribe(context.Background(), channel)
		p.Cleanup(func() {
			defer s.Close()
			require.NoError(p, unsubscribe(s, context.Background(), channel))
			for { // until it is off: who closes only may be heard by the next scenario
				got, err := s.Receive(context.Background())
				require.NoError(p, err)
				if off, ok := got.(*redis.Subscription); ok && strings.HasSuffix(off.Kind, "unsubscribe") {
					return
				}
			}
		})
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
