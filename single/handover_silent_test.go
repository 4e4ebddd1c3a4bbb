package single_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/redistest"
	"github.com/lilith/distlock/single"
)

// TestAHandOverThatWentUnansweredLeavesNoKey: the server carries it out once it goes on,
// for one who waits no more.
func TestAHandOverThatWentUnansweredLeavesNoKey(t *testing.T) {
	server := redistest.Start(t)
	waits := make(chan struct{}, 10)
	l, err := single.New(server.Client(), distlock.Config{
		TTL: time.Hour, NodeTimeout: time.Second, MaxRetries: distlock.RetryForever,
		RetryDelay: time.Hour, MaxRetryDelay: time.Hour, NoWakeups: true,
		Trace: &distlock.Trace{Waiting: func(distlock.Event) { waits <- struct{}{} }},
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	type got struct {
		h   *distlock.Handle
		err error
	}
	came := make(chan got, 1)
	wait := func() {
		go func() {
			h, err := l.Acquire(ctx, "k")
			came <- got{h, err}
		}()
		<-waits
	}
	h, err := l.Acquire(context.Background(), "k")
	require.NoError(t, err)
	wait()
	require.NoError(t, h.Release(context.Background())) // the server learns the script
	next := <-came
	require.NoError(t, next.err)
	h = next.h
	wait()

	server.Freeze()
	require.ErrorIs(t, h.Release(context.Background()), distlock.ErrUnavailable)
	cancel()
	require.ErrorIs(t, (<-came).err, context.Canceled)
	server.Thaw()
	require.Eventually(t, func() bool { return server.Do("EXISTS", "k") == int64(0) }, 20*time.Second, 5*time.Millisecond)
	require.NoError(t, l.Close())
	require.EqualValues(t, 0, server.Do("EXISTS", "k"))
}
