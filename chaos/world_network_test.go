package chaos_test

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
)

func trouble(t *testing.T, n chaos.Node, what chaos.Trouble) {
	t.Helper()
	require.NoError(t, n.Trouble(t.Context(), what))
}

// requireSilent has nothing come for as long as no fault would hold it up.
func requireSilent(t *testing.T, conn interface {
	io.Reader
	SetReadDeadline(t time.Time) error
},
) {
	t.Helper()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
	_, err := conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patient)))
}

func TestAFrozenNodeKeepsWhatItIsSent(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		n := c.Nodes()[0]
		open, asked := wire(t, n), wire(t, n)
		say(t, open, "SET k 0\r\n")
		hear(t, open, "+OK\r\n")
		require.NoError(t, n.Freeze(t.Context()))
		require.NoError(t, n.Freeze(t.Context()))
		say(t, asked, "INCR count\r\n")
		requireSilent(t, asked)
		_, err := n.Do(t.Context(), "PING")
		require.ErrorContains(t, err, "frozen")

		// Neither a connection that was open nor a new one need last.
		say(t, open, "APPEND k 1\r\nAPPEND k 2\r\n")
		require.NoError(t, open.Close())
		fresh := wire(t, n)
		say(t, fresh, "SET fresh 1\r\n")
		require.NoError(t, fresh.Close())

		require.NoError(t, n.Thaw(t.Context()))
		require.NoError(t, n.Thaw(t.Context()))
		hear(t, asked, ":1\r\n")
		eventually(t, func() bool { return do(t, n, "GET", "k") == "012" })
		eventually(t, func() bool { return do(t, n, "GET", "fresh") == "1" })
	})
}

func TestACrashEndsAFreeze(t *testing.T) {
	onOwn(t, func(t *testing.T, c *chaos.Cluster) {
		n := c.Nodes()[0]
		require.NoError(t, n.Freeze(t.Context()))
		lost := wire(t, n)
		say(t, lost, "SET lost 1\r\n")
		require.NoError(t, n.Crash(t.Context()))
		require.NoError(t, n.Start(t.Context(), chaos.Kept))
		require.NoError(t, asker(t, n).Ping(t.Context()).Err())
		require.Nil(t, do(t, n, "GET", "lost"))
	})
}

func TestADelayHoldsUpEachReplyAndNoneTwice(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		const delay, requests = 200 * time.Millisecond, 200
		n := c.Nodes()[0]
		trouble(t, n, chaos.Trouble{Delay: delay})
		conn := wire(t, n)
		start := time.Now()
		say(t, conn, strings.Repeat("INCR k\r\n", requests))
		hear(t, conn, ":1\r\n:2\r\n:3\r\n")
		require.GreaterOrEqual(t, time.Since(start), delay)
		hear(t, conn, ":4\r\n:5\r\n:6\r\n:7\r\n:8\r\n:9\r\n:10\r\n")
		_, err := readFull(conn, make([]byte, 89*len(":11\r\n")+101*len(":100\r\n")))
		require.NoError(t, err)
		require.Less(t, time.Since(start), requests*delay/2)
		trouble(t, n, chaos.Trouble{})
	})
}

func TestDroppedRequestsNeverArrive(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		n := c.Nodes()[0]
		conn := wire(t, n)
		say(t, conn, "PING\r\n")
		hear(t, conn, "+PONG\r\n")
		trouble(t, n, chaos.Trouble{DropRequests: true})
		say(t, conn, "SET k 1\r\n")
		requireSilent(t, conn)
		require.Error(t, impatient(t, n).Ping(t.Context()).Err())
		trouble(t, n, chaos.Trouble{})
		say(t, conn, "SET k 2\r\n") // behind a gap in a stream nothing comes through
		requireSilent(t, conn)
		require.Nil(t, do(t, n, "GET", "k"))
		require.NoError(t, asker(t, n).Ping(t.Context()).Err())

		heal(t, c)
		_, err := conn.Read(make([]byte, 1))
		require.Error(t, err)
		require.NotErrorIs(t, err, os.ErrDeadlineExceeded)
	})
}

func TestDroppedRepliesAreOfRequestsCarriedOut(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		n := c.Nodes()[0]
		conn := wire(t, n)
		trouble(t, n, chaos.Trouble{DropReplies: true})
		say(t, conn, "SET k 1\r\n")
		eventually(t, func() bool { return do(t, n, "GET", "k") == "1" })
		requireSilent(t, conn)
		trouble(t, n, chaos.Trouble{})
		say(t, conn, "SET k 2\r\n")
		eventually(t, func() bool { return do(t, n, "GET", "k") == "2" })
		requireSilent(t, conn)
	})
}

func TestALostReplyIsOfARequestCarriedOut(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		n := c.Nodes()[0]
		trouble(t, n, chaos.Trouble{LoseReplies: 2})
		client := impatient(t, n)
		// Each on a new connection: what prepares it does not count.
		require.Error(t, client.Incr(t.Context(), "k").Err())
		require.Equal(t, "1", do(t, n, "GET", "k"))
		require.Error(t, client.Incr(t.Context(), "k").Err())
		require.Equal(t, "2", do(t, n, "GET", "k"))
		require.Equal(t, int64(3), client.Incr(t.Context(), "k").Val())
	})
}

func TestACutReplyEndsAfterOneByte(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		n := c.Nodes()[0]
		conn := wire(t, n)
		trouble(t, n, chaos.Trouble{CutReplies: 1})
		say(t, conn, "INCR k\r\n")
		hear(t, conn, ":")
		_, err := conn.Read(make([]byte, 1))
		require.Error(t, err)
		require.NotErrorIs(t, err, io.EOF)
		require.Equal(t, "1", do(t, n, "GET", "k"))
		require.Equal(t, int64(2), asker(t, n).Incr(t.Context(), "k").Val())
	})
}

func TestRefusedConnectionsAreReset(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		n := c.Nodes()[0]
		conn := wire(t, n)
		say(t, conn, "PING\r\n")
		hear(t, conn, "+PONG\r\n")
		trouble(t, n, chaos.Trouble{Refuse: true})
		_, err := conn.Read(make([]byte, 1))
		require.Error(t, err)
		require.Error(t, impatient(t, n).Ping(t.Context()).Err())
		require.Equal(t, "PONG", do(t, n, "PING"), "past the network's trouble")
		trouble(t, n, chaos.Trouble{})
		require.NoError(t, asker(t, n).Ping(t.Context()).Err())
	})
}

func TestEveryAnswerIsCountedOnce(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		n, conn := c.Nodes()[0], wire(t, c.Nodes()[0])
		for request, answer := range map[string]string{
			"PING":                              "+PONG\r\n",
			"GET missing":                       "$-1\r\n",
			"SET k v":                           "+OK\r\n",
			"ECHO abc":                          "$3\r\nabc\r\n",
			"NONSENSE":                          "-ERR unknown command",
			"CLIENT GETNAME":                    "$-1\r\n",
			`EVAL return{1,{2,{}},false,"x"} 0`: "*4\r\n:1\r\n*2\r\n:2\r\n*0\r\n$-1\r\n$1\r\nx\r\n",
		} {
			say(t, conn, request)
			hear(t, conn, answer)
			if answer[0] == '-' { // the rest of the line
				for b := []byte{0}; b[0] != '\n'; {
					_, err := conn.Read(b)
					require.NoError(t, err)
				}
			}
		}
		trouble(t, n, chaos.Trouble{CutReplies: 1})
		say(t, conn, "CLIENT GETNAME")
		hear(t, conn, "$-1\r\n")
		say(t, conn, "INCR n")
		hear(t, conn, ":")
		_, err := conn.Read(make([]byte, 1))
		require.Error(t, err)
	})
}

func TestRequestsMayComeInPieces(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		conn := wire(t, c.Nodes()[0])
		for _, b := range []byte("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$6\r\na\r\n*1\r\r\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\n") {
			_, err := conn.Write([]byte{b})
			require.NoError(t, err)
		}
		hear(t, conn, "+OK\r\n$6\r\na\r\n*1\r\r\n")
	})
}

func TestWhatIsNoAnswerPassesToo(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		n, client := c.Nodes()[0], c.Dial()[0]
		trouble(t, n, chaos.Trouble{Delay: time.Millisecond})
		ctx, cancel := context.WithTimeout(t.Context(), patient)
		defer cancel()

		sub := client.Subscribe(ctx, "channel")
		_, err := sub.Receive(ctx)
		require.NoError(t, err)
		require.NoError(t, client.Publish(ctx, "channel", "hello").Err())
		message, err := sub.ReceiveMessage(ctx)
		require.NoError(t, err)
		require.Equal(t, "hello", message.Payload)
		require.NoError(t, sub.Close())

		long := strings.Repeat("x\r\n$5", 100_000)
		require.NoError(t, client.Set(ctx, "long", long, 0).Err())
		require.NoError(t, client.HSet(ctx, "hash", "a", "1", "b", long).Err())
		all, err := client.HGetAll(ctx, "hash").Result()
		require.NoError(t, err)
		require.Equal(t, map[string]string{"a": "1", "b": long}, all)
		results, err := client.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.Get(ctx, "long")
			p.Get(ctx, "missing")
			p.ZAddArgs(ctx, "sorted", redis.ZAddArgs{Members: []redis.Z{{Score: 1.5, Member: "a"}}})
			p.ZRangeWithScores(ctx, "sorted", 0, -1)
			return nil
		})
		require.True(t, errors.Is(err, redis.Nil), err)
		require.Len(t, results, 4)
	})
}
