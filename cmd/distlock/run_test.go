//go:build unix

package main

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTheCommandFindsTheLockInItsEnvironment(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, 3)
	s := runUnderLock(t, flags(nodes), `echo "$DISTLOCK_KEY"; echo "$DISTLOCK_TOKEN"; echo "$DISTLOCK_FENCING_TOKEN"; read wait`)
	require.Equal(t, "job", s.line())
	token := s.line()
	holders := 0
	for _, n := range nodes {
		if value, err := n.Get("job"); err == nil && value == token {
			holders++
		}
	}
	require.GreaterOrEqual(t, holders, 2)
	fencing, err := strconv.ParseInt(s.line(), 10, 64)
	require.NoError(t, err)
	require.Positive(t, fencing)

	require.NoError(t, s.stdin.Close()) // which is the command's: read fails
	_, stderr := s.endsWith(1)
	require.Empty(t, stderr)
	require.Eventually(t, func() bool { return free(nodes) }, patience, time.Millisecond)
}

func TestOneNodeIsALockToo(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, 1)
	s := runUnderLock(t, flags(nodes), `echo "$DISTLOCK_TOKEN"; read wait; exit 0`)
	token := s.line()
	require.Equal(t, token, must(nodes[0].Get("job")))
	require.NoError(t, s.stdin.Close())
	s.endsWith(0)
	require.True(t, free(nodes))
}

func must(s string, err error) string {
	if err != nil {
		return err.Error()
	}
	return s
}

func TestTheNodesMayStandInTheEnvironment(t *testing.T) {
	nodes := startNodes(t, 3)
	t.Setenv(nodesEnv, "redis://"+nodes[0].Addr()+", redis://"+nodes[1].Addr()+" redis://"+nodes[2].Addr())
	s := runUnderLock(t, flags(nil), `echo held; read wait`)
	require.Equal(t, "held", s.line())
	require.Eventually(t, func() bool {
		return nodes[0].Exists("job") && nodes[1].Exists("job") && nodes[2].Exists("job")
	}, patience, time.Millisecond)
	require.NoError(t, s.stdin.Close())
	s.endsWith(1)
}

func TestTheExitCodeIsTheCommands(t *testing.T) {
	t.Parallel()
	for script, code := range map[string]int{
		"exit 0": 0, "exit 7": 7, "exit 255": 255, "kill -9 $$": 137, "kill -15 $$": 143,
	} {
		t.Run(script, func(t *testing.T) {
			t.Parallel()
			nodes := startNodes(t, 3)
			_, stderr := runUnderLock(t, flags(nodes), script).endsWith(code)
			require.Empty(t, stderr)
			require.Eventually(t, func() bool { return free(nodes) }, patience, time.Millisecond)
		})
	}
}

func TestArgumentsReachTheCommandAsTheyAre(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, 1)
	s := runs(t, binary, args("run", flags(nodes), "--", "sh", "-c", `for a; do echo "<$a>"; done`, "sh", "--help", "", "--", " x ", "-v")...)
	stdout, _ := s.endsWith(0)
	require.Equal(t, []string{"<--help>", "<>", "<-->", "< x >", "<-v>"}, stdout)
}

func TestAHeldLockIsToldAtOnce(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, 3)
	hold(t, nodes...)
	stdout, stderr := runUnderLock(t, flags(nodes), "echo ran").endsWith(exitHeld)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "distlock: ")
	require.Contains(t, stderr, "held by another owner")
	require.Equal(t, "another", must(nodes[0].Get("job")))
}

func TestWithWaitItRunsOnceTheLockIsReleased(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, 3)
	hold(t, nodes...)
	s := runUnderLock(t, args(flags(nodes), "--wait", patience.String()), "echo ran")
	asked := nodes[0].CommandCount()
	require.Eventually(t, func() bool { return nodes[0].CommandCount() > asked+5 }, patience, time.Millisecond)
	require.Empty(t, s.lines)
	for _, n := range nodes {
		n.Del("job")
	}
	stdout, _ := s.endsWith(0)
	require.Equal(t, []string{"ran"}, stdout)
}

func TestAWaitThatRunsOutIsHeld(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, 3)
	hold(t, nodes...)
	// Long enough for one attempt on a busy machine, as the first answer decides.
	stdout, stderr := runUnderLock(t, args(flags(nodes), "--wait", "3s"), "echo ran").endsWith(exitHeld)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "deadline exceeded")
}

func TestWithoutAMajorityItIsUnavailable(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, 3)
	options := flags(nodes)
	nodes[0].Close()
	nodes[2].Close()
	stdout, stderr := runUnderLock(t, options, "echo ran").endsWith(exitUnavailable)
	require.Empty(t, stdout)
	require.Contains(t, stderr, "too few nodes answered")
	require.Eventually(t, func() bool { return free(nodes[1:2]) }, patience, time.Millisecond)
}

func TestARejectionIsUnavailableToo(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, 1)
	nodes[0].RequireAuth("secret")
	_, stderr := runUnderLock(t, flags(nodes), "echo ran").endsWith(exitUnavailable)
	require.Contains(t, stderr, "NOAUTH")
}

func TestACommandThatCannotBeStartedGivesTheLockBack(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), mode))
		return path
	}
	for path, code := range map[string]int{
		write("no-program", "\x7fELF, not", 0o700):                           exitCannotRun,
		write("no-permission", "#!/bin/sh\n", 0o600):                         exitCannotRun,
		write("no-interpreter", "#!"+filepath.Join(dir, "none")+"\n", 0o700): exitNotFound,
		filepath.Join(dir, "no-file"):                                        exitNotFound,
		dir:                                                                  exitCannotRun,
	} {
		t.Run(filepath.Base(path), func(t *testing.T) {
			nodes := startNodes(t, 3)
			_, stderr := runs(t, binary, args("run", flags(nodes), "--", path)...).endsWith(code)
			require.Contains(t, stderr, "cannot run the command")
			require.Contains(t, stderr, path)
			require.Eventually(t, func() bool { return free(nodes) }, patience, time.Millisecond)
		})
	}
}

func TestAReleaseThatNobodyConfirmsIsToldAndTheCodeIsTheCommands(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, 3)
	s := runUnderLock(t, args(flags(nodes), "--ttl", "1h"), `echo held; read wait; exit 3`)
	require.Equal(t, "held", s.line())
	for _, n := range nodes {
		n.Close()
	}
	require.NoError(t, s.stdin.Close())
	_, stderr := s.endsWith(3)
	require.Contains(t, stderr, "too few nodes answered")
	require.Contains(t, stderr, "within 1h0m0s")
	require.Equal(t, strings.Count(stderr, "\n"), strings.Count(stderr, "distlock: "), "each line is marked: %s", stderr)
}
