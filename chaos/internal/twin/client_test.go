package twin_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/chaos/internal/twin"
	"github.com/lilith/distlock/redlock"
	"github.com/lilith/distlock/single"
)

// A guarded node is one behind a mutex, by this process's clock.
type guarded struct {
	mu   sync.Mutex
	node *twin.Node
}

func (g *guarded) handle(_ context.Context, cmd redis.Cmder) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	value, err := g.node.Do(sinceEpoch(), cmd.Args())
	return twin.Answer(cmd, value, err)
}

func sinceEpoch() time.Duration { return time.Duration(time.Now().UnixNano()) }

// cluster returns n nodes and a client for each.
func cluster(tb testing.TB, n int) ([]*guarded, []redis.UniversalClient) {
	nodes := make([]*guarded, n)
	clients := make([]redis.UniversalClient, n)
	for i := range nodes {
		nodes[i] = &guarded{node: twin.New(fmt.Sprintf("run%d", i), sinceEpoch())}
		c := twin.Client(fmt.Sprintf("node-%d", i), nodes[i].handle, nil)
		tb.Cleanup(func() { require.NoError(tb, c.Close()) })
		clients[i] = c
	}
	return nodes, clients
}

// lockers runs test with a Locker on one node, and on three and five.
func lockers(t *testing.T, cfg distlock.Config, test func(t *testing.T, nodes []*guarded, l *distlock.Locker)) {
	for _, n := range []int{1, 3, 5} {
		t.Run(fmt.Sprintf("nodes=%d", n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				t.Cleanup(letIdleGoroutinesEnd)
				nodes, clients := cluster(t, n)
				test(t, nodes, newLocker(t, clients, cfg))
			})
		})
	}
}

// letIdleGoroutinesEnd is for the end of a bubble: a Locker of redlock keeps goroutines
// for a while.
func letIdleGoroutinesEnd() { time.Sleep(time.Second) }

func newLocker(tb testing.TB, clients []redis.UniversalClient, cfg distlock.Config) *distlock.Locker {
	var l *distlock.Locker
	var err error
	if len(clients) == 1 {
		l, err = single.New(clients[0], cfg)
	} else {
		l, err = redlock.New(clients, cfg)
	}
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, l.Close()) })
	return l
}

func TestALockerOverTwinsAcquiresExtendsInspectsAndReleases(t *testing.T) {
	lockers(t, distlock.Config{MaxRetries: distlock.NoRetries}, func(t *testing.T, nodes []*guarded, l *distlock.Locker) {
		ctx := t.Context()
		h, err := l.Acquire(ctx, "job")
		require.NoError(t, err)
		require.Positive(t, h.FencingToken())
		_, err = l.Acquire(ctx, "job")
		require.ErrorIs(t, err, distlock.ErrHeld)
		require.NoError(t, h.Extend(ctx, time.Minute))

		status, err := l.Inspect(ctx, "job")
		require.NoError(t, err)
		require.True(t, status.Locked)
		require.Equal(t, h.FencingToken(), status.FencingToken)

		require.NoError(t, h.Release(ctx))
		synctest.Wait()
		for _, n := range nodes {
			for _, key := range n.node.Keys(sinceEpoch()) {
				require.NotEqual(t, "job", key.Name, "the key is left")
			}
		}
		again, err := l.Acquire(ctx, "job")
		require.NoError(t, err)
		require.Greater(t, again.FencingToken(), h.FencingToken())
		require.NoError(t, again.Release(ctx))
	})
}

func TestALeaseOnTwinsExpiresInVirtualTime(t *testing.T) {
	lockers(t, distlock.Config{TTL: time.Minute, MaxRetries: distlock.NoRetries}, func(t *testing.T, _ []*guarded, l *distlock.Locker) {
		ctx := t.Context()
		h, err := l.Acquire(ctx, "job")
		require.NoError(t, err)
		time.Sleep(time.Minute + 2*time.Millisecond)
		require.Error(t, h.Extend(ctx, time.Minute))
		second, err := l.Acquire(ctx, "job")
		require.NoError(t, err)
		require.NoError(t, second.Release(ctx))
		_ = h.Release(ctx)
	})
}

func TestTheRestartGuardReadsATwinsRunIDAndUptime(t *testing.T) {
	cfg := distlock.Config{TTL: time.Second, RestartGuard: 2 * time.Second, MaxRetries: distlock.NoRetries}
	lockers(t, cfg, func(t *testing.T, nodes []*guarded, l *distlock.Locker) {
		ctx := t.Context()
		_, err := l.Acquire(ctx, "job")
		require.Error(t, err, "the nodes are new")
		time.Sleep(4 * time.Second)
		h, err := l.Acquire(ctx, "job")
		require.NoError(t, err)
		synctest.Wait() // the nodes that the verdict did not wait for
		for _, n := range nodes {
			n.node.Restart(sinceEpoch(), twin.Lost)
		}
		_, err = l.Acquire(ctx, "job")
		require.Error(t, err, "the nodes have forgotten")
		_ = h.Release(ctx)
	})
}

func TestANodeThatHangsIsLeftAtTheNodeTimeout(t *testing.T) {
	for _, n := range []int{1, 3} {
		t.Run(fmt.Sprintf("nodes=%d", n), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				t.Cleanup(letIdleGoroutinesEnd)
				clients := make([]redis.UniversalClient, n)
				for i := range clients {
					c := twin.Client("hung", func(ctx context.Context, cmd redis.Cmder) error {
						_ = cmd.Args() // sent
						_, bounded := ctx.Deadline()
						if !bounded {
							return errors.New("this request would hang for ever")
						}
						<-ctx.Done()
						return ctx.Err()
					}, nil)
					t.Cleanup(func() { _ = c.Close() })
					clients[i] = c
				}
				l := newLocker(t, clients, distlock.Config{NodeTimeout: 70 * time.Millisecond, MaxRetries: distlock.NoRetries})
				start := time.Now()
				_, err := l.Acquire(t.Context(), "job")
				require.ErrorContains(t, err, "no answer within 70ms")
				require.Equal(t, 70*time.Millisecond, time.Since(start))
			})
		})
	}
}

func TestOrdinaryCommandsGetTheirOwnTypes(t *testing.T) {
	_, clients := cluster(t, 1)
	c, ctx := clients[0], t.Context()
	require.NoError(t, c.Set(ctx, "k", "v", time.Minute).Err())
	require.Equal(t, "v", c.Get(ctx, "k").Val())
	require.ErrorIs(t, c.Get(ctx, "none").Err(), redis.Nil)
	set, err := c.SetNX(ctx, "k", "w", time.Minute).Result()
	require.NoError(t, err)
	require.False(t, set)
	set, err = c.SetNX(ctx, "new", "w", time.Minute).Result()
	require.NoError(t, err)
	require.True(t, set)
	require.EqualValues(t, 2, c.Exists(ctx, "k", "new", "none").Val())
	require.InDelta(t, time.Minute, c.PTTL(ctx, "k").Val(), float64(time.Second))
	require.True(t, c.PExpire(ctx, "k", time.Hour).Val())
	require.EqualValues(t, -2, c.PTTL(ctx, "none").Val())
	require.Equal(t, []string{"k", "new"}, c.Keys(ctx, "*").Val())
	require.Equal(t, "PONG", c.Ping(ctx).Val())
	require.Equal(t, "string", c.Type(ctx, "k").Val())
	require.Contains(t, c.Info(ctx, "server").Val(), "run_id:run0\r\n")
	require.WithinDuration(t, time.Now(), c.Time(ctx).Val(), time.Minute)
	require.EqualValues(t, 1, c.HSet(ctx, "h", "f", "v").Val())
	require.EqualValues(t, 1, c.Del(ctx, "h").Val())
	require.NoError(t, c.ScriptFlush(ctx).Err())
	require.True(t, redis.HasErrorPrefix(c.EvalSha(ctx, "f00", []string{"k"}).Err(), "NOSCRIPT"))
	require.NoError(t, c.FlushAll(ctx).Err())

	cmds, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.Set(ctx, "a", "1", 0) // in no order: each is an event of its own
		p.Set(ctx, "b", "2", 0)
		p.Get(ctx, "none")
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, "1", c.Get(ctx, "a").Val())
	require.Equal(t, "2", c.Get(ctx, "b").Val())
	require.ErrorIs(t, cmds[2].Err(), redis.Nil)

	require.ErrorContains(t, c.XLen(ctx, "x").Err(), "unknown command")
	require.ErrorContains(t, twin.Answer(redis.NewFloatCmd(ctx, "get"), "1", nil), "no place")
}

func TestAClientThatIsToDialFailsLoudly(t *testing.T) {
	c := twin.Client("node", nil, nil)
	defer c.Close()
	require.PanicsWithValue(t, "twin: a client without connections was to dial node", func() {
		_ = c.Subscribe(context.Background(), "channel").Ping(context.Background())
	})
}
