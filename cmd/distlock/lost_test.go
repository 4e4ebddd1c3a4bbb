//go:build unix

package main

import (
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"
)

// shortLease is renewed each second: long enough for a busy machine.
func shortLease(nodes []*miniredis.Miniredis, more ...string) []string {
	return args(flags(nodes), "--ttl", "3s", "--node-timeout", "1s", more)
}

// take has another owner take the key on a majority.
func take(t *testing.T, nodes []*miniredis.Miniredis) {
	t.Helper()
	for _, n := range nodes[:len(nodes)/2+1] {
		n.Del("job")
	}
	hold(t, nodes[:len(nodes)/2+1]...)
}

func TestALostLeaseEndsTheCommandBySIGTERM(t *testing.T) {
	t.Parallel()
	for name, lose := range map[string]func(*testing.T, []*miniredis.Miniredis){
		"taken by another": take,
		"nodes down": func(_ *testing.T, nodes []*miniredis.Miniredis) {
			nodes[0].Close()
			nodes[1].Close()
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			nodes := startNodes(t, 3)
			s := runUnderLock(t, shortLease(nodes, "--grace", "10m"),
				`trap 'echo ended; exit 0' TERM; echo held; while :; do sleep 0.05; done`)
			require.Equal(t, "held", s.line())
			lose(t, nodes)
			stdout, stderr := s.endsWith(exitLost) // though the command returned 0
			require.Equal(t, []string{"ended"}, stdout)
			require.Contains(t, stderr, "lease lost")
			require.NotContains(t, stderr, "killing")
		})
	}
}

func TestACommandThatIgnoresSIGTERMIsKilledAfterTheGrace(t *testing.T) {
	t.Parallel()
	for _, grace := range []string{"0s", "300ms"} {
		t.Run(grace, func(t *testing.T) {
			t.Parallel()
			nodes := startNodes(t, 3)
			s := runUnderLock(t, shortLease(nodes, "--grace", grace),
				`trap '' TERM; echo held; while :; do sleep 0.05; done`)
			require.Equal(t, "held", s.line())
			take(t, nodes)
			_, stderr := s.endsWith(exitLost)
			require.Contains(t, stderr, "killing the command: it has not ended within "+grace)
		})
	}
}

func TestWhatTheCommandStartedIsEndedWithIt(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, 3)
	// The leader ends at once; its child ignores SIGTERM, and holds stdout open.
	s := runUnderLock(t, shortLease(nodes, "--grace", "300ms"),
		`sh -c 'trap "" TERM; echo held; while :; do sleep 0.05; done' & wait`)
	require.Equal(t, "held", s.line())
	take(t, nodes)
	_, stderr := s.endsWith(exitLost)
	require.Contains(t, stderr, "killing")
}

func TestAStoppedCommandIsEndedToo(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, 3)
	s := runUnderLock(t, shortLease(nodes, "--grace", "10m"), `echo held; kill -STOP $$`)
	require.Equal(t, "held", s.line())
	take(t, nodes)
	s.endsWith(exitLost)
}

func TestALossFoundOnlyAtTheReleaseIsToldAllTheSame(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, 3)
	s := runUnderLock(t, args(flags(nodes), "--ttl", "1h"), `echo held; read wait; exit 0`)
	require.Equal(t, "held", s.line())
	take(t, nodes)
	require.NoError(t, s.stdin.Close())
	_, stderr := s.endsWith(exitLost)
	require.Contains(t, stderr, "lost before the command ended")
	require.Equal(t, "another", must(nodes[0].Get("job")))
}

func TestALeaseIsRenewedForAsLongAsTheCommandRuns(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, 1)
	s := runUnderLock(t, args(flags(nodes), "--ttl", "6s", "--node-timeout", "2s"), `echo held; read wait; exit 0`)
	require.Equal(t, "held", s.line())
	low := false // what remains of the lease has fallen, and must rise again
	require.Eventually(t, func() bool {
		left := nodes[0].TTL("job")
		low = low || left < 5*time.Second
		return low && left > 5*time.Second
	}, patience, 10*time.Millisecond)
	require.NoError(t, s.stdin.Close())
	s.endsWith(0)
}
