package node_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/node"
	"github.com/lilith/distlock/internal/redistest"
	"github.com/lilith/distlock/internal/scripts"
)

// patientRequest is one whose node may be slow: the machine is busy.
func patientRequest(token string) *distlock.Request {
	req := request(token)
	req.NodeTimeout, req.Wake = 20*time.Second, true
	return req
}

// await waits in n's queue until the node has its place, and returns what it is told.
func await(t *testing.T, n *node.Node, client redis.UniversalClient) (*node.Wait, <-chan string) {
	t.Helper()
	told := make(chan string, 100)
	before := client.ZCard(context.Background(), scripts.QueueKey(key)).Val()
	w := place(n, func(token string) { told <- token })
	require.Eventually(t, func() bool {
		return client.ZCard(context.Background(), scripts.QueueKey(key)).Val() > before
	}, patience, time.Millisecond)
	return w, told
}

func place(n *node.Node, wake func(token string)) *node.Wait {
	req := patientRequest("")
	req.TTL = time.Minute
	w := n.Await(req, wake)
	n.Later(w)
	return w
}

func TestAReleaseIsToldToTheFirstInTheQueueAlone(t *testing.T) {
	t.Parallel()
	clients := map[string]func() redis.UniversalClient{}
	plain := redistest.Start(t)
	clients["a plain server"] = func() redis.UniversalClient { return plain.Client() }
	cluster := oneNodeCluster(t)
	clients["a Cluster"] = func() redis.UniversalClient { return clusterClient(t, cluster) }
	for name, client := range clients {
		t.Run(name, func(t *testing.T) {
			holder, c := newNode(t, client()), client()
			require.Equal(t, distlock.Granted, ask(holder, patientRequest("mine"), node.Acquire).Outcome)
			first, toldFirst := await(t, newNode(t, client()), c)
			second, toldSecond := await(t, newNode(t, client()), c)

			r := ask(holder, patientRequest("mine"), node.Release)
			require.Equal(t, distlock.Granted, r.Outcome)
			require.True(t, r.Woken)
			require.Equal(t, "mine", <-toldFirst)
			require.Empty(t, toldSecond)
			require.EqualValues(t, 1, c.ZCard(context.Background(), scripts.QueueKey(key)).Val())

			// He who is told and waits no more passes it on.
			first.Stop()
			second.Stop()
			require.Equal(t, distlock.Granted, ask(holder, patientRequest("again"), node.Acquire).Outcome)
			require.NoError(t, c.Del(context.Background(), scripts.QueueKey(key)).Err())
			gone, _ := await(t, newNode(t, client()), c)
			next, toldNext := await(t, newNode(t, client()), c)
			gone.Stop()
			require.True(t, ask(holder, patientRequest("again"), node.Release).Woken)
			require.Eventually(t, func() bool { return len(toldNext) > 0 }, patience, time.Millisecond)
			next.Stop()
		})
	}
}

func TestAReleaseDoesNotTellItsOwnLocker(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server.Client())
	require.Equal(t, distlock.Granted, ask(n, patientRequest("mine"), node.Acquire).Outcome)
	w, told := await(t, n, server.Client())
	defer w.Stop()
	require.False(t, ask(n, patientRequest("mine"), node.Release).Woken)
	require.Empty(t, told)
	require.EqualValues(t, 0, server.Do("EXISTS", scripts.QueueKey(key)), "its place is kept")
}

func TestOneWhoTakesHisPlaceWhenTheLockIsFreeIsToldAtOnce(t *testing.T) {
	server := redistest.Start(t)
	told := make(chan string, 1)
	w := place(newNode(t, server.Client()), func(token string) { told <- token })
	defer w.Stop()
	require.Empty(t, <-told)
}

func TestABrokenSubscriptionIsMadeAgain(t *testing.T) {
	t.Parallel()
	for name, breaks := range map[string]func(*redistest.Server){
		"killed connection": func(s *redistest.Server) { s.Do("CLIENT", "KILL", "TYPE", "pubsub") },
		"restarted server":  func(s *redistest.Server) { s.Kill(); s.Restart() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			holder := newNode(t, server.Client())
			require.Equal(t, distlock.Granted, ask(holder, patientRequest("mine"), node.Acquire).Outcome)
			w, told := await(t, newNode(t, server.Client()), server.Client())
			defer w.Stop()
			breaks(server)
			require.Eventually(t, func() bool {
				ask(holder, patientRequest("mine"), node.Acquire)
				ask(holder, patientRequest("mine"), node.Release)
				return len(told) > 0
			}, patience, 10*time.Millisecond)
		})
	}
}

// TestWithoutTheRightToNotifyLocksWorkAllTheSame has users who may run neither the
// queue's commands nor those of pub/sub.
func TestWithoutTheRightToNotifyLocksWorkAllTheSame(t *testing.T) {
	server := redistest.Start(t)
	server.Do("ACL", "SETUSER", "worker", "on", ">secret", "~*", "resetchannels", "-@all",
		"+evalsha", "+eval", "+get", "+set", "+del", "+exists", "+pttl", "+pexpire", "+time", "+hello", "+client", "+auth", "+ping")
	client := closing(t, redis.NewClient(&redis.Options{Addr: server.Addr(), Username: "worker", Password: "secret"}))
	n := newNode(t, client)
	require.Equal(t, distlock.Granted, ask(n, patientRequest("mine"), node.Acquire).Outcome)
	var told atomic.Int32
	w := place(newNode(t, client), func(string) { told.Add(1) })
	defer w.Stop()
	r := ask(n, patientRequest("mine"), node.Release)
	require.Equal(t, distlock.Granted, r.Outcome, "%v", r.Err)
	require.Equal(t, distlock.Granted, ask(n, patientRequest("next"), node.Acquire).Outcome)
}

func TestClosingANodeThatHangsEndsItsSubscription(t *testing.T) {
	t.Parallel()
	for name, subscribed := range map[string]bool{"subscribed": true, "still to subscribe": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := redistest.Start(t)
			n := node.New(server.Client(), 0)
			server.Do("SET", key, "another", "PX", 60000)
			if subscribed {
				_, _ = await(t, n, server.Client())
			}
			server.Freeze()
			t.Cleanup(server.Thaw)
			req := request("")
			for range 10 {
				n.Later(n.Await(req, func(string) {}))
			}
			require.NoError(t, n.Close()) // goleak sees to the rest
			require.Nil(t, n.Await(req, func(string) {}))
		})
	}
}

func TestARingHasNoNotifications(t *testing.T) {
	require.Nil(t, newNode(t, ringClient(t, redistest.StartN(t, 1))).Await(request(""), func(string) {}))
}

func TestAClientThatItsOwnerClosesEndsTheSubscription(t *testing.T) {
	server := redistest.Start(t)
	client := redis.NewClient(&redis.Options{Addr: server.Addr()})
	n := newNode(t, client)
	server.Do("SET", key, "another", "PX", 60000)
	_, _ = await(t, n, server.Client())
	require.NoError(t, client.Close())
	require.Eventually(t, func() bool {
		r := ask(n, patientRequest("mine"), node.Acquire)
		return errors.Is(r.Err, redis.ErrClosed)
	}, patience, time.Millisecond)
}
