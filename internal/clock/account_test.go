package clock

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A sleeper is a machine of which a test says when it sleeps.
type sleeper struct {
	elapsed, slept time.Duration
	set            time.Duration // by how much its wall clock was

	asked int
	// before and after are called, once, when the kernel is asked, and when it has answered.
	before, after func()
}

var epoch = time.Unix(1_800_000_000, 0)

func (s *sleeper) now() (time.Time, time.Duration) {
	return epoch.Add(s.elapsed + s.slept + s.set), s.elapsed
}

func (s *sleeper) asleep(time.Duration) time.Duration {
	s.asked++
	once(&s.before)
	answer := s.slept
	once(&s.after)
	return answer
}

func once(f *func()) {
	if do := *f; do != nil {
		*f = nil
		do()
	}
}

// awake returns an account of a machine that has just been read.
func awake(t *testing.T) (*account, *sleeper) {
	t.Helper()
	a, m := new(account), &sleeper{elapsed: time.Hour}
	elapsed, shown := a.read(m)
	require.Equal(t, time.Hour, elapsed)
	require.Equal(t, epoch.Add(time.Hour), shown)
	require.Equal(t, 1, m.asked, "it was never asked")
	m.asked = 0
	return a, m
}

func TestTheKernelIsAskedWhereTheClocksHaveMoved(t *testing.T) {
	for name, c := range map[string]struct {
		slept, passed, set time.Duration
		asked              bool
	}{
		"nothing has happened":              {},
		"some time has passed":              {passed: 9 * time.Millisecond},
		"the clocks were read with a pause": {passed: time.Millisecond, set: 100 * time.Microsecond},
		"a suspend":                         {slept: time.Hour, asked: true},
		"a suspend as short as is noticed":  {slept: time.Millisecond, passed: time.Millisecond, asked: true},
		"a wall clock that was set back":    {passed: time.Millisecond, set: -time.Second, asked: true},
		"a wall clock that was set forward": {passed: time.Millisecond, set: time.Second, asked: true},
		"a suspend that a clock set back hides, after a while": {
			slept: time.Hour, passed: 10 * time.Millisecond, set: -time.Hour, asked: true,
		},
		"a reading from before": {passed: -time.Nanosecond, asked: true},
	} {
		t.Run(name, func(t *testing.T) {
			a, m := awake(t)
			m.slept, m.elapsed, m.set = c.slept, m.elapsed+c.passed, c.set
			elapsed, shown := a.read(m)
			require.Equal(t, c.asked, m.asked > 0)
			require.Equal(t, time.Hour+c.passed+c.slept, elapsed)
			require.Equal(t, epoch.Add(elapsed+c.set), shown)
			m.asked = 0
			_, _ = a.read(m)
			require.Zero(t, m.asked, "it has said so")
		})
	}
}

func TestASuspendBeforeTheKernelAnswersIsCounted(t *testing.T) {
	a, m := awake(t)
	m.elapsed += anyway
	m.before = func() { m.slept = time.Minute }
	elapsed, shown := a.read(m)
	require.Equal(t, time.Hour+anyway+time.Minute, elapsed)
	require.Equal(t, epoch.Add(elapsed), shown, "the time to show is not from before")
}

func TestASuspendAfterTheKernelHasAnsweredIsCountedByTheNext(t *testing.T) {
	a, m := awake(t)
	m.slept = time.Minute
	// The kernel is asked four times; then the clocks are read once more.
	m.after = func() { m.after = func() { m.after = func() { m.after = func() { m.slept += time.Hour } } } }
	_, _ = a.read(m)
	require.Zero(t, m.elapsed-time.Hour)
	elapsed, _ := a.read(m)
	require.Equal(t, time.Hour+time.Minute+time.Hour, elapsed)
}

func TestASecondReaderKnowsOfASuspendThoughTheFirstIsStillAsking(t *testing.T) {
	a, m := awake(t)
	m.slept = time.Minute
	m.before = func() {
		elapsed, _ := a.read(m)
		require.Equal(t, time.Hour+time.Minute, elapsed)
	}
	elapsed, _ := a.read(m)
	require.Equal(t, time.Hour+time.Minute, elapsed)
}

func TestAReaderThatWasHeldUpHidesNoSuspend(t *testing.T) {
	a, m := awake(t)
	m.elapsed += anyway
	m.after = func() { // it has read before, and is told so after
		m.slept = time.Minute
		elapsed, _ := a.read(m)
		require.Equal(t, time.Hour+anyway+time.Minute, elapsed)
	}
	_, _ = a.read(m)
	elapsed, _ := a.read(m)
	require.Equal(t, time.Hour+anyway+time.Minute, elapsed)
}

func TestAGoroutineHeldUpBetweenTwoClocksIsNoSuspend(t *testing.T) {
	a, m := awake(t)
	m.elapsed += anyway
	held := &heldUp{sleeper: m, by: time.Second}
	elapsed, _ := a.read(held)
	require.Equal(t, time.Hour+anyway+time.Second, elapsed)
	require.Zero(t, a.suspended.Load())
}

// A heldUp is a machine whose kernel is asked late, once: by then more has passed.
type heldUp struct {
	*sleeper
	by time.Duration
}

func (h *heldUp) asleep(elapsed time.Duration) time.Duration {
	h.elapsed += h.by
	h.by = 0
	return h.sleeper.asleep(elapsed) + h.elapsed - elapsed
}
