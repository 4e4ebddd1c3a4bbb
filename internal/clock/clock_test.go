package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/lilith/distlock/internal/clock"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestNowFollowsVirtualTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := clock.Now()
		time.Sleep(3 * time.Hour)
		require.InDelta(t, 3*time.Hour, clock.Since(start), float64(50*time.Millisecond))
	})
}

func TestNowNeverRunsBackwards(t *testing.T) {
	last := clock.Now()
	for range 100_000 {
		now := clock.Now()
		require.False(t, now.Before(last))
		last = now
	}
}

func TestASuspendMovesTheClockButNotTheTimers(t *testing.T) {
	start := clock.Now()
	fired := make(chan struct{})
	timer := time.AfterFunc(time.Hour, func() { close(fired) })
	defer timer.Stop()

	clock.SimulateSuspend(2 * time.Hour)

	require.GreaterOrEqual(t, clock.Since(start), 2*time.Hour)
	select {
	case <-fired:
		t.Fatal("the timer fired")
	default:
	}
}

func TestReadGivesTheTimeForPeopleToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		at, shown := clock.Read()
		require.Equal(t, time.Now(), shown)
		require.InDelta(t, 0, clock.Since(at), float64(50*time.Millisecond))
	})
}

func BenchmarkNow(b *testing.B) {
	for b.Loop() {
		clock.Now()
	}
}
