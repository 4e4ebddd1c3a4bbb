package redlock_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/scripts"
	"github.com/lilith/distlock/redlock"
)

// A forgetter is a node that grants everything, but has no key to extend: that it says
// once it is told to.
type forgetter struct {
	tell     chan struct{}
	acquired atomic.Int32
}

func (f *forgetter) DialHook(next redis.DialHook) redis.DialHook { return next }

func (f *forgetter) ProcessHook(redis.ProcessHook) redis.ProcessHook {
	return func(_ context.Context, cmd redis.Cmder) error {
		reply := int64(1)
		if args := cmd.Args(); len(args) > 1 {
			switch args[1] {
			case scripts.Acquire.SHAArg:
				f.acquired.Add(1)
			case scripts.Extend.SHAArg:
				<-f.tell
				reply = 0
			}
		}
		cmd.(interface{ SetVal(any) }).SetVal(reply)
		return nil
	}
}

func (f *forgetter) ProcessPipelineHook(redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	process := f.ProcessHook(nil)
	return func(ctx context.Context, cmds []redis.Cmder) error {
		for _, cmd := range cmds {
			_ = process(ctx, cmd)
		}
		return nil
	}
}

func TestANodeThatTellsAfterTheLeaseThatItForgotIsNotRepaired(t *testing.T) {
	quick := func(context.Context) {}
	f := &forgetter{tell: make(chan struct{})}
	l, err := redlock.New([]redis.UniversalClient{onStage(t, quick), onStage(t, quick), answeredBy(t, f)},
		distlock.Config{NodeTimeout: 20 * time.Second})
	require.NoError(t, err)
	h, err := l.TryAcquire(background, "k")
	require.NoError(t, err)
	require.Eventually(t, func() bool { return f.acquired.Load() == 1 }, time.Minute, time.Millisecond)
	require.NoError(t, h.Extend(background, 0), "two of three extend it")
	require.NoError(t, h.Release(background))
	close(f.tell)
	require.NoError(t, l.Close()) // with what was under way
	require.EqualValues(t, 1, f.acquired.Load())
}
