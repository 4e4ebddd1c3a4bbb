package redlock_test

import (
	"context"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/redlock"
)

// A stage answers each command itself, with 1, when act returns.
type stage func(ctx context.Context)

func (s stage) DialHook(next redis.DialHook) redis.DialHook { return next }

func (s stage) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		s(ctx)
		cmd.(interface{ SetVal(any) }).SetVal(int64(1))
		return nil
	}
}

func (s stage) ProcessPipelineHook(redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	process := s.ProcessHook(nil)
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			_ = process(ctx, cmd)
		}
		return nil
	}
}

func onStage(t *testing.T, s stage) redis.UniversalClient { return answeredBy(t, s) }

// answeredBy returns a client all of whose commands a hook answers.
func answeredBy(t *testing.T, h redis.Hook) redis.UniversalClient {
	c := redis.NewClient(&redis.Options{
		Addr: "127.0.0.1:1", MaxRetries: -1, ContextTimeoutEnabled: true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	c.AddHook(h)
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestTheEndOfTheCallersContextEndsNoRequest(t *testing.T) {
	quick := func(context.Context) {}
	cancelled, late := make(chan struct{}), make(chan error, 2)
	slow := func(ctx context.Context) {
		<-cancelled
		late <- ctx.Err()
	}
	l, err := redlock.New([]redis.UniversalClient{onStage(t, quick), onStage(t, quick), onStage(t, slow)},
		distlock.Config{NodeTimeout: 20 * time.Second})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(background)
	h, err := l.TryAcquire(ctx, "k")
	require.NoError(t, err)
	cancel()
	close(cancelled)
	require.NoError(t, <-late, "the node still out")
	require.NoError(t, h.Release(ctx))
	require.NoError(t, l.Close())
}
