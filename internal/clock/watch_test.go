package clock_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/internal/clock"
)

func TestTheKernelIsAskedWhereTheWallClockHasMovedAgainstTheMonotonic(t *testing.T) {
	const wall, elapsed = int64(1_800_000_000_000_000_000), time.Hour
	for name, c := range map[string]struct {
		slept, passed time.Duration
		due           bool
	}{
		"nothing has happened":                                 {0, 0, false},
		"some time has passed":                                 {0, 9 * time.Millisecond, false},
		"the clocks were read with a pause":                    {100 * time.Microsecond, time.Millisecond, false},
		"a suspend":                                            {time.Hour, 0, true},
		"a suspend as short as is noticed":                     {time.Millisecond, time.Millisecond, true},
		"a wall clock that was set back":                       {-time.Second, time.Millisecond, true},
		"a suspend that a clock set back hides, after a while": {0, 10 * time.Millisecond, true},
		"a reading from before":                                {0, -time.Nanosecond, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := clock.NewWatch()
			require.True(t, w.Due(wall, elapsed), "it was never asked")
			w.Asked(wall, elapsed)
			require.Equal(t, c.due, w.Due(wall+int64(c.slept+c.passed), elapsed+c.passed))
		})
	}
}

// TestWhoReadsAfterASuspendAsksTillItIsKnown has two read the clocks across a suspend, and
// the one that read before it be the last to have asked.
func TestWhoReadsAfterASuspendAsksTillItIsKnown(t *testing.T) {
	const wall, elapsed = int64(1_800_000_000_000_000_000), time.Hour
	w := clock.NewWatch()
	w.Asked(wall, elapsed)
	after := wall + int64(time.Minute)
	require.True(t, w.Due(after, elapsed))
	require.True(t, w.Due(after, elapsed), "the first has no answer yet")
	w.Asked(after, elapsed)
	require.False(t, w.Due(after, elapsed))
	w.Asked(wall, elapsed)
	require.True(t, w.Due(after, elapsed))
}
