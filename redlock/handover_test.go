package redlock_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
)

// A handOver is a holder, and one who waits in its process.
type handOver struct {
	holder *distlock.Handle
	next   <-chan *distlock.Handle // gets the lock, or nil once he waits no more
	leave  context.CancelFunc
}

// newHandOver has one wait for "k" in the process of its holder.
func (r *rig) newHandOver(cfg distlock.Config) *handOver {
	r.t.Helper()
	waits := make(chan struct{}, 1)
	cfg.MaxRetries = distlock.RetryForever
	cfg.MaxRetryDelay = cfg.TTL // so that he does not look by himself
	cfg.RetryDelay = cfg.TTL
	cfg.NoWakeups = true
	cfg.Trace = &distlock.Trace{Waiting: func(distlock.Event) {
		select {
		case waits <- struct{}{}:
		default:
		}
	}}
	l := r.locker(cfg)
	r.warm(l)
	h, err := l.Acquire(background, "k")
	require.NoError(r.t, err)
	r.requireEverywhere(h)
	ctx, leave := context.WithCancel(background)
	r.t.Cleanup(leave)
	next := make(chan *distlock.Handle, 1)
	go func() { // ends with ctx
		n, _ := l.Acquire(ctx, "k")
		next <- n
	}()
	<-waits
	return &handOver{h, next, leave}
}

func TestAHungMinorityHoldsUpNoHandOver(t *testing.T) {
	r := newRig(t, 3)
	o := r.newHandOver(patient)
	r.freeze(2)
	var next *distlock.Handle
	requirePrompt(t, func() {
		require.NoError(t, o.holder.Release(background))
		next = <-o.next
	})
	require.NotNil(t, next)
	require.Greater(t, next.FencingToken(), o.holder.FencingToken())
	r.thaw(2)
	r.requireEverywhere(next)
	require.NoError(t, next.Release(background))
	r.requireGone()
}

func TestALostHandOverLeavesNoKeyOnANodeThatAnswersLater(t *testing.T) {
	r := newRig(t, 3)
	o := r.newHandOver(patient)
	r.freeze(2)
	for _, s := range r.servers[:2] {
		s.Do("set", "k", "another's", "px", time.Minute.Milliseconds())
	}
	requirePrompt(t, func() {
		require.ErrorIs(t, o.holder.Release(background), distlock.ErrLost)
		o.leave()
		require.Nil(t, <-o.next)
	})
	r.thaw(2)
	r.servers[2].Await(func() bool { return r.value(2) == "" })
	require.Equal(t, "another's", r.value(0))
}

func TestAHandOverThatANodeAloneDoesNotAnswerLeavesNoKey(t *testing.T) {
	r := newRig(t, 1)
	cfg := patient
	cfg.NodeTimeout = time.Second
	o := r.newHandOver(cfg)
	r.freeze(0)
	require.ErrorIs(t, o.holder.Release(background), distlock.ErrUnavailable)
	o.leave()
	require.Nil(t, <-o.next)
	r.thaw(0)
	r.requireGone()
}
