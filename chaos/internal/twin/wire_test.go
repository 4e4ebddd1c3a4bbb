package twin_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos/internal/twin"
	"github.com/lilith/distlock/internal/redistest"
)

// A switchboard is the node's end of subscriptions: it carries out each command a
// millisecond after it was sent, in the order in which they were.
type switchboard struct {
	wires  []*twin.Wire
	closed int
}

func (s *switchboard) dial(context.Context) (net.Conn, error) {
	var w *twin.Wire
	w = twin.NewWire(
		func(words []string) { time.AfterFunc(time.Millisecond, func() { w.Deliver(w.Carry(words)) }) },
		func() { s.closed++ }, nil,
	)
	s.wires = append(s.wires, w)
	return w, nil
}

func (s *switchboard) publish(channel, message string) {
	for _, w := range s.wires {
		if w.Hears(channel, false) {
			w.Deliver(twin.Message(channel, message, false))
		}
	}
}

// subscribed runs test with a subscription of a client without a socket.
func subscribed(t *testing.T, test func(t *testing.T, s *switchboard, sub *redis.PubSub)) {
	synctest.Test(t, func(t *testing.T) {
		s := &switchboard{}
		client := twin.Client("node", nil, s.dial)
		defer client.Close()
		sub := client.Subscribe(t.Context())
		defer sub.Close()
		require.NoError(t, sub.Subscribe(t.Context(), "channel"))
		got, err := sub.ReceiveTimeout(t.Context(), time.Second)
		require.NoError(t, err)
		require.Equal(t, &redis.Subscription{Kind: "subscribe", Channel: "channel", Count: 1}, got)
		test(t, s, sub)
	})
}

func TestASubscriberHearsWhatIsPublishedAndWaitsInVirtualTime(t *testing.T) {
	subscribed(t, func(t *testing.T, s *switchboard, sub *redis.PubSub) {
		start := time.Now()
		_, err := sub.ReceiveTimeout(t.Context(), time.Hour)
		require.ErrorIs(t, err, os.ErrDeadlineExceeded)
		require.Equal(t, time.Hour, time.Since(start))

		time.AfterFunc(time.Minute, func() { s.publish("channel", "one\r\n$3") })
		time.AfterFunc(time.Minute, func() { s.publish("another channel", "two") })
		got, err := sub.ReceiveTimeout(t.Context(), time.Hour)
		require.NoError(t, err)
		require.Equal(t, &redis.Message{Channel: "channel", Payload: "one\r\n$3"}, got)
		require.Equal(t, time.Hour+time.Minute, time.Since(start))

		require.NoError(t, sub.Ping(t.Context(), "payload"))
		got, err = sub.ReceiveTimeout(t.Context(), time.Second)
		require.NoError(t, err)
		require.Equal(t, &redis.Pong{Payload: "payload"}, got)
	})
}

func TestABrokenWireIsTheEndOfAConnectionAndGoRedisMakesAnother(t *testing.T) {
	subscribed(t, func(t *testing.T, s *switchboard, sub *redis.PubSub) {
		s.publish("channel", "one")
		s.wires[0].Break(io.EOF)
		got, err := sub.ReceiveTimeout(t.Context(), time.Second)
		require.NoError(t, err, "what was delivered before is read")
		require.Equal(t, "one", got.(*redis.Message).Payload)
		_, err = sub.ReceiveTimeout(t.Context(), time.Second)
		require.ErrorIs(t, err, io.EOF)
		got, err = sub.ReceiveTimeout(t.Context(), time.Second)
		require.NoError(t, err)
		require.Equal(t, "subscribe", got.(*redis.Subscription).Kind, "it subscribes again by itself")
		require.Len(t, s.wires, 2)
		s.publish("channel", "two")
		got, err = sub.ReceiveTimeout(t.Context(), time.Second)
		require.NoError(t, err)
		require.Equal(t, "two", got.(*redis.Message).Payload)
	})
}

func TestClosingASubscriptionEndsWhoReadsIt(t *testing.T) {
	subscribed(t, func(t *testing.T, s *switchboard, sub *redis.PubSub) {
		time.AfterFunc(time.Minute, func() { _ = sub.Close() })
		_, err := sub.ReceiveTimeout(t.Context(), 0)
		require.ErrorIs(t, err, net.ErrClosed)
		require.Equal(t, 1, s.closed)
		_, err = s.wires[0].Write([]byte("*1\r\n$4\r\nping\r\n"))
		require.ErrorIs(t, err, net.ErrClosed)
	})
}

func TestWhereNoConnectionCanBeMadeASubscriptionFails(t *testing.T) {
	refused := errors.New("refused")
	client := twin.Client("node", nil, func(context.Context) (net.Conn, error) { return nil, refused })
	defer client.Close()
	sub := client.Subscribe(t.Context())
	defer sub.Close()
	require.ErrorIs(t, sub.Subscribe(t.Context(), "channel"), refused)
}

// TestAWireAnswersInRedissOwnBytes has the same said to a Redis and to a wire.
func TestAWireAnswersInRedissOwnBytes(t *testing.T) {
	server := redistest.Start(t)
	conn, err := net.Dial("tcp", server.Addr())
	require.NoError(t, err)
	defer conn.Close()
	require.NoError(t, conn.SetDeadline(time.Now().Add(time.Minute)))

	var sent [][]string
	w := twin.NewWire(func(words []string) { sent = append(sent, words) }, nil, nil)
	same := func(want string) {
		t.Helper()
		got := make([]byte, len(want))
		_, err := io.ReadFull(conn, got)
		require.NoError(t, err)
		require.Equal(t, want, string(got))
	}
	for _, words := range [][]string{
		{"SUBSCRIBE", "a", "b"},
		{"ssubscribe", "c"},
		{"subscribe", "a"},
		{"ping"},
		{"PING", "payload"},
		{"get", "k"},
		{"unsubscribe", "b"},
		{"unsubscribe", "none"},
		{"sunsubscribe"},

		{"unsubscribe"},
		{"ssubscribe", "c"},
		{"unsubscribe"},
		{"subscribe", "e"},
	} {
		request := "*" + strconv.Itoa(len(words)) + "\r\n"
		for _, word := range words {
			request += "$" + strconv.Itoa(len(word)) + "\r\n" + word + "\r\n"
		}
		for i := range request { // in pieces
			_, err := w.Write([]byte(request[i : i+1]))
			require.NoError(t, err)
		}
		require.Equal(t, words, sent[len(sent)-1])
		_, err := conn.Write([]byte(request))
		require.NoError(t, err)
		same(w.Carry(words))
	}
	for _, publish := range []string{"publish", "spublish"} {
		channel := map[string]string{"publish": "e", "spublish": "c"}[publish]
		require.EqualValues(t, 1, server.Do(publish, channel, "message"))
		require.True(t, w.Hears(channel, publish == "spublish"))
		require.False(t, w.Hears(channel, publish == "publish"))
		same(twin.Message(channel, "message", publish == "spublish"))
	}
}
