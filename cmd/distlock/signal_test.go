//go:build unix

package main

import (
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestSignalsArePassedOnToTheCommand(t *testing.T) {
	t.Parallel()
	for name, sig := range map[string]syscall.Signal{
		"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP,
		"QUIT": syscall.SIGQUIT, "USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2,
	} {
		t.Run(name, func(t *testing.T) {
			if signal.Ignored(sig) {
				t.Skip("ignored here, and so by whatever a test starts")
			}
			t.Parallel()
			nodes := startNodes(t, 3)
			s := runUnderLock(t, flags(nodes), `trap 'echo got it; exit 5' `+name+`; echo held; while :; do sleep 0.05; done`)
			require.Equal(t, "held", s.line())
			s.signal(sig)
			stdout, stderr := s.endsWith(5)
			require.Equal(t, []string{"got it"}, stdout)
			require.NotContains(t, stderr, "distlock: ") // a shell may tell of the sleep that died
			require.Eventually(t, func() bool { return free(nodes) }, patience, time.Millisecond)
		})
	}
}

func TestASignalThatEndsTheCommandIsItsExitCode(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, 3)
	// A shell that dies of the signal; what it waits for must die with it.
	s := runUnderLock(t, flags(nodes), `echo held; sleep 1000; echo on`)
	require.Equal(t, "held", s.line())
	s.signal(syscall.SIGTERM)
	stdout, _ := s.endsWith(exitSignal + int(syscall.SIGTERM))
	require.Empty(t, stdout)
	require.Eventually(t, func() bool { return free(nodes) }, patience, time.Millisecond)
}

func TestASignalEndsTheWaitForTheLock(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, 3)
	hold(t, nodes...)
	asked := nodes[0].CommandCount()
	s := runUnderLock(t, args(flags(nodes), "--wait", "1h"), "echo ran")
	require.Eventually(t, func() bool { return nodes[0].CommandCount() > asked+5 }, patience, time.Millisecond)
	s.signal(syscall.SIGTERM)
	stdout, stderr := s.endsWith(exitSignal + int(syscall.SIGTERM))
	require.Empty(t, stdout)
	require.Contains(t, stderr, "terminated before the command was started")
	for _, n := range nodes {
		require.Equal(t, "another", must(n.Get("job")))
	}
}

func TestAnIgnoredSignalStaysIgnored(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, 3)
	s := runs(t, "sh", args("-c", `trap '' HUP; exec "$@"`, "sh", binary, "run", flags(nodes), "--", "sh", "-c", `echo held; read wait; exit 0`)...)
	require.Equal(t, "held", s.line())
	s.signal(syscall.SIGHUP)
	s.signal(syscall.SIGUSR1) // not ignored: it shows that SIGHUP is past
	s.endsWith(exitSignal + int(syscall.SIGUSR1))
}
