package main

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
)

func progress(phase string, faults int) chaos.Progress {
	return chaos.Progress{
		Phase: phase, Elapsed: 1500 * time.Millisecond, Of: 25 * time.Second, Faults: faults, Acquired: 7,
		Active: []string{"freeze of node 1", "slow (50ms) on node 2", "partition (both ways) of nodes 1, 2, 3"},
	}
}

func TestWithoutATerminalALineComesEveryFewSecondsAndWithEachPhase(t *testing.T) {
	var out strings.Builder
	now := time.Now()
	b := newScoreboard(&out, func() time.Time { return now })
	for range 60 {
		b.show(progress("faults", 3))
		now = now.Add(200 * time.Millisecond)
	}
	b.show(progress("settling", 4))
	b.end()
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	require.Len(t, lines, 4)
	require.Equal(t, "faults     1.5s of 25s  faults 3  acquired 7  violations 0", lines[0])
	require.True(t, strings.HasPrefix(lines[3], "settling "))
	require.NotContains(t, out.String(), "\r")
	require.NotContains(t, out.String(), "\x1b")
}

func TestOnATerminalOneLineChangesAndNeverWraps(t *testing.T) {
	var out strings.Builder
	width := 70
	b := newScoreboard(&out, time.Now)
	b.room = func() int { return width }
	for faults := range 3 {
		b.show(progress("faults", faults))
		width -= 30
	}
	require.NotContains(t, out.String(), "\n")
	b.end()
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\r")[1:]
	require.Len(t, lines, 3)
	for i, line := range lines {
		text, cleared := strings.CutSuffix(line, "\x1b[K")
		require.True(t, cleared)
		require.Equal(t, 70-30*i, utf8.RuneCountInString(text), "%q", text)
	}
	require.Contains(t, lines[0], "faults 0  acquired 7  violations 0  now: f")
}

func TestWhatWillBeTouchedOnServersOfTheUsersOwnIsToldBeforehand(t *testing.T) {
	o := chaos.Options{URLs: []string{"redis://one", "redis://two"}}
	var out strings.Builder
	warn(&out, &o)
	require.Contains(t, out.String(), "keys named distlock-chaos:*")
	require.Contains(t, out.String(), "No other key and no setting is touched")
	out.Reset()
	o.AllowDestructive = true
	warn(&out, &o)
	require.Contains(t, out.String(), "keys named distlock-chaos:*")
	require.Contains(t, out.String(), "FLUSHALL destroys ALL data")
}
