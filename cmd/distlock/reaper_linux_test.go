package main

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestWhatTheCommandLeavesIsReaped has orphans fall to this process, which reaps none, as
// the first process of a container may: unless distlock takes them.
func TestWhatTheCommandLeavesIsReaped(t *testing.T) {
	reaper := func(on uintptr) { require.NoError(t, unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, on, 0, 0, 0)) }
	reaper(1)
	t.Cleanup(func() { reaper(0) })
	nodes := startNodes(t, 3)
	s := runUnderLock(t, shortLease(nodes, "--grace", "10m"), `sleep 1000 & echo held; wait`)
	require.Equal(t, "held", s.line())
	take(t, nodes)
	_, stderr := s.endsWith(exitLost) // long before the grace is over
	require.NotContains(t, stderr, "killing")
}
