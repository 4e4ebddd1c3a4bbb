package distlock_test

import (
	"context"
	"errors"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
)

func TestTheZeroConfigIsTheDocumentedOne(t *testing.T) {
	cfg, err := distlock.Config{}.Validate()
	require.NoError(t, err)
	require.Equal(t, distlock.Config{
		TTL: 30 * time.Second, MaxRetries: 3, RetryDelay: 100 * time.Millisecond, MaxRetryDelay: 2 * time.Second,
		NodeTimeout: 200 * time.Millisecond, DriftFactor: 0.01,
	}, cfg)
}

func TestAValidConfigIsValidatedToItself(t *testing.T) {
	for _, cfg := range []distlock.Config{
		{}, {MaxRetries: distlock.NoRetries}, {MaxRetries: distlock.RetryForever}, {TTL: 1500 * time.Microsecond * 9},
	} {
		once, err := cfg.Validate()
		require.NoError(t, err)
		twice, err := once.Validate()
		require.NoError(t, err)
		require.Equal(t, once, twice)
	}
}

func TestTheNodeTimeoutIsAtMostHalfOfTheTTL(t *testing.T) {
	cfg, err := distlock.Config{TTL: 100 * time.Millisecond}.Validate()
	require.NoError(t, err)
	require.Equal(t, 50*time.Millisecond, cfg.NodeTimeout)
}

func TestAFractionOfAMillisecondIsRoundedUp(t *testing.T) {
	cfg, err := distlock.Config{TTL: 10*time.Millisecond + 1}.Validate()
	require.NoError(t, err)
	require.Equal(t, 11*time.Millisecond, cfg.TTL)
}

func TestABadFieldIsRefusedWithItsNameItsBoundAndTheMend(t *testing.T) {
	for _, c := range []struct {
		cfg   distlock.Config
		words []string
	}{
		{distlock.Config{TTL: 500 * time.Microsecond}, []string{"Config.TTL", "500µs", "10ms"}},
		{distlock.Config{TTL: -time.Second}, []string{"Config.TTL", "-1s", "10ms"}},
		{distlock.Config{TTL: math.MaxInt64}, []string{"Config.TTL", "at most"}},
		{distlock.Config{TTL: time.Hour, RestartGuard: time.Minute}, []string{"Config.TTL", "1h0m0s", "Config.RestartGuard", "1m0s", "shorten"}},
		{distlock.Config{TTL: time.Minute + time.Millisecond, RestartGuard: time.Minute}, []string{"Config.TTL", "Config.RestartGuard"}},
		{distlock.Config{RestartGuard: 3 * time.Second}, []string{"Config.TTL", "30s", "Config.RestartGuard"}},
		{distlock.Config{RestartGuard: -1}, []string{"Config.RestartGuard", "negative"}},
		{distlock.Config{MaxRetries: -3}, []string{"Config.MaxRetries", "-3", "NoRetries", "RetryForever"}},
		{distlock.Config{RetryDelay: -1}, []string{"Config.RetryDelay", "negative", "100ms"}},
		{distlock.Config{MaxRetryDelay: -1}, []string{"Config.MaxRetryDelay", "negative", "2s"}},
		{distlock.Config{NodeTimeout: -1}, []string{"Config.NodeTimeout", "negative", "200ms"}},
		{distlock.Config{NodeTimeout: time.Second, TTL: time.Second}, []string{"Config.NodeTimeout", "1s", "below the TTL", "Config.TTL"}},
		{distlock.Config{DriftFactor: -0.1}, []string{"Config.DriftFactor", "-0.1", "below 1"}},
		{distlock.Config{DriftFactor: 1}, []string{"Config.DriftFactor", "below 1"}},
		{distlock.Config{DriftFactor: math.NaN()}, []string{"Config.DriftFactor", "NaN"}},
		{distlock.Config{DriftFactor: 0.9, TTL: 10 * time.Millisecond}, []string{"Config.TTL", "drift", "Config.DriftFactor"}},
	} {
		_, err := distlock.New(newMemory(), c.cfg)
		require.ErrorIs(t, err, distlock.ErrInvalidArgument, "%+v", c.cfg)
		for _, w := range c.words {
			require.ErrorContains(t, err, w)
		}
	}
	_, err := distlock.New(nil, distlock.Config{})
	require.ErrorIs(t, err, distlock.ErrInvalidArgument)
}

func TestABadCallIsRefusedBeforeANodeIsAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{TTL: time.Minute, RestartGuard: time.Minute})
		ctx := context.Background()
		var nilContext context.Context
		acquire := func(key string, opts ...distlock.Option) error {
			_, err := l.Acquire(ctx, key, opts...)
			return err
		}
		_, noContext := l.Acquire(nilContext, "k")
		_, noContextWait := l.WaitForLock(nilContext, "k", time.Second)
		_, noWait := l.WaitForLock(ctx, "k", 0)
		_, negativeWait := l.WaitForLock(ctx, "k", -time.Second)
		_, noKeyTry := l.TryAcquire(ctx, "")
		_, noKeyLook := l.IsLocked(ctx, "")
		_, noKeyInspect := l.Inspect(ctx, "")
		for name, err := range map[string]error{
			"empty key":          acquire(""),
			"empty key, try":     noKeyTry,
			"empty key, look":    noKeyLook,
			"empty key, inspect": noKeyInspect,
			"empty key, Do":      l.Do(ctx, "", func(context.Context) error { return errors.New("ran") }),
			"nil function":       l.Do(ctx, "k", nil),
			"nil option":         acquire("k", nil),
			"nil context":        noContext,
			"nil context, wait":  noContextWait,
			"TTL of 0":           acquire("k", distlock.WithTTL(0)),
			"TTL of 500µs":       acquire("k", distlock.WithTTL(500*time.Microsecond)),
			"negative TTL":       acquire("k", distlock.WithTTL(-time.Second)),
			"TTL over the guard": acquire("k", distlock.WithTTL(time.Minute+time.Millisecond)),
			"MaxHold of 0":       acquire("k", distlock.WithMaxHold(0)),
			"negative MaxHold":   acquire("k", distlock.WithMaxHold(-1)),
			"no time to wait":    noWait,
			"negative wait":      negativeWait,
		} {
			require.ErrorIs(t, err, distlock.ErrInvalidArgument, name)
		}
		require.Empty(t, store.calls)

		h, err := l.Acquire(ctx, "k")
		require.NoError(t, err)
		require.ErrorIs(t, h.Extend(ctx, 9*time.Millisecond), distlock.ErrInvalidArgument)
		require.ErrorIs(t, h.Extend(ctx, -1), distlock.ErrInvalidArgument)
		require.ErrorIs(t, h.Extend(ctx, time.Hour), distlock.ErrInvalidArgument)
		require.ErrorIs(t, h.Extend(nilContext, 0), distlock.ErrInvalidArgument)
		require.ErrorIs(t, h.Release(nilContext), distlock.ErrInvalidArgument)
		require.Empty(t, store.made("extend"))
		require.Empty(t, store.made("release"))
		require.True(t, h.IsHeld())
		require.NoError(t, h.Release(ctx))
	})
}
