package main

import (
	"strconv"
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
	s := runUnderLock(t, shortLease(nodes, "--grace", "1m"), `sleep 1000 & echo held; wait`)
	require.Equal(t, "held", s.line())
	take(t, nodes)
	_, stderr := s.endsWith(exitLost) // long before the grace is over
	require.NotContains(t, stderr, "killing")
}

// TestWhatTheCommandLeavesBehindIsNotAdopted while the lease is held: distlock waits for
// none but the command then, and what ended would stay a zombie until distlock does.
func TestWhatTheCommandLeavesBehindIsNotAdopted(t *testing.T) {
	reaper := func(on uintptr) { require.NoError(t, unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, on, 0, 0, 0)) }
	reaper(1)
	t.Cleanup(func() { reaper(0) })
	s := runUnderLock(t, flags(startNodes(t, 3)), `(sleep 1000 & echo $!); echo left; sleep 1000 & wait`)
	orphan, err := strconv.Atoi(s.line())
	require.NoError(t, err)
	require.Equal(t, "left", s.line())
	require.NoError(t, unix.Kill(orphan, unix.SIGKILL))
	_, err = unix.Wait4(orphan, nil, 0, nil)
	require.NoError(t, err, "it fell to this process")
	s.signal(unix.SIGTERM)
	s.endsWith(exitSignal + int(unix.SIGTERM))
}
