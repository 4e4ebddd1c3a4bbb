package main

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDemoTellsWhatIsSo(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), binary, "demo").CombinedOutput()
	require.NoError(t, err, "%s", out)
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		require.Regexp(t, `^ *\d+\.\d{3}s( |$)`, line)
	}
	for _, sc := range scenes {
		require.Contains(t, string(out), sc.title)
	}
	require.Regexp(t, `All \d+ claims held\.`, string(out))
	require.NotContains(t, string(out), "FALSE")
}

func TestDemoLeavesNothingBehind(t *testing.T) { // goleak looks after it
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, runDemo(t.Context(), &out, scenes, 0), &out)
}

func TestDemoFailsWithAClaimThatIsNotSo(t *testing.T) {
	var out bytes.Buffer
	err := runDemo(t.Context(), &out, []scene{{"A scene", func(_ context.Context, s *stage) error {
		s.claim(true, "two and two are %d", 4)
		s.claim(false, "the earth is %s", "flat")
		return nil
	}}}, 0)
	require.Equal(t, 1, codeOf(err))
	require.ErrorContains(t, err, "the earth is flat")
	require.NotContains(t, err.Error(), "two and two")
	require.Contains(t, out.String(), "FALSE  the earth is flat")
	require.Contains(t, out.String(), "1 of 2 claims")
}

func TestDemoFailsWithASceneThatCannotGoOn(t *testing.T) {
	var out bytes.Buffer
	played := false
	err := runDemo(t.Context(), &out, []scene{
		{"A scene", func(context.Context, *stage) error { return errors.New("the curtain is stuck") }},
		{"Another", func(context.Context, *stage) error { played = true; return nil }},
	}, 0)
	require.Equal(t, 1, codeOf(err))
	require.ErrorContains(t, err, "A scene: the curtain is stuck")
	require.False(t, played)
}

func TestTheFencedResourceRefusesWhoeverIsBehind(t *testing.T) {
	f := fenced{value: "old"}
	read, err := f.open(7)
	require.NoError(t, err)
	require.Equal(t, "old", read)
	require.ErrorIs(t, f.write(6, "stale"), errStale)
	_, err = f.open(6)
	require.ErrorIs(t, err, errStale)
	require.NoError(t, f.write(7, "new"))
	require.Equal(t, "new", f.value)
}
