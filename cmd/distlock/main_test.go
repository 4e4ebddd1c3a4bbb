package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// patience bounds every wait: it is long, as only a failure uses it up.
const patience = 2 * time.Minute

// binary is the program, built once, for tests that need a process.
var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "distlock")
	if err == nil {
		binary = filepath.Join(dir, "distlock")
		if runtime.GOOS == "windows" {
			binary += ".exe"
		}
		var out []byte
		if out, err = exec.Command("go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
			err = fmt.Errorf("%w\n%s", err, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "building distlock:", err)
		os.Exit(1)
	}
	_ = os.Unsetenv(nodesEnv)
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(dir)
		os.Exit(code)
	}))
}

// startNodes starts n nodes on which time passes.
func startNodes(t *testing.T, n int) []*miniredis.Miniredis {
	t.Helper()
	nodes := make([]*miniredis.Miniredis, n)
	for i := range nodes {
		nodes[i] = miniredis.RunT(t)
		nodes[i].ClockTTL(true)
	}
	return nodes
}

// flags name the nodes and the key "job", with time for a busy machine to answer.
func flags(nodes []*miniredis.Miniredis) []string {
	args := []string{"--key", "job", "--node-timeout", "10s"}
	for _, n := range nodes {
		args = append(args, "--node", "redis://"+n.Addr())
	}
	return args
}

// hold has another owner hold the key on nodes.
func hold(t *testing.T, nodes ...*miniredis.Miniredis) {
	t.Helper()
	for _, n := range nodes {
		require.NoError(t, n.Set("job", "another"))
		n.SetTTL("job", time.Hour)
	}
}

// free reports whether the key is on none of the nodes.
func free(nodes []*miniredis.Miniredis) bool {
	for _, n := range nodes {
		if n.Exists("job") {
			return false
		}
	}
	return true
}

// inProcess runs distlock without a process of its own.
func inProcess(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = execute(append([]string{"distlock"}, args...), &out, &err)
	return code, out.String(), err.String()
}

func args(parts ...any) []string {
	var all []string
	for _, p := range parts {
		switch p := p.(type) {
		case string:
			all = append(all, p)
		case []string:
			all = append(all, p...)
		}
	}
	return all
}

func TestHelpListsTheCommandsAndVersionTellsOne(t *testing.T) {
	code, stdout, stderr := inProcess("--help")
	require.Zero(t, code, stderr)
	for _, command := range []string{"run", "status", "demo"} {
		require.Regexp(t, `(?m)^ +`+command+` {2,}\w`, stdout)
	}
	code, stdout, _ = inProcess("--version")
	require.Zero(t, code)
	require.Regexp(t, `^distlock version \S+`, stdout)
}

func TestHelpOfRunListsEveryExitCode(t *testing.T) {
	code, stdout, stderr := inProcess("run", "--help")
	require.Zero(t, code, stderr)
	for _, code := range []int{exitUsage, exitUnavailable, exitInternal, exitHeld, exitLost, exitCannotRun, exitNotFound} {
		require.Regexp(t, fmt.Sprintf(`(?m)^ +%d  `, code), stdout)
	}
	for _, flag := range []string{"--node", "--key", "--ttl", "--wait", "--grace", nodesEnv, "DISTLOCK_FENCING_TOKEN"} {
		require.Contains(t, stdout, flag)
	}
}

func TestWhatFollowsTheSeparatorIsNeverParsed(t *testing.T) {
	own, command := splitCommand([]string{"distlock", "run", "--key", "k", "--", "git", "--help", "--", "", "x"})
	require.Equal(t, []string{"distlock", "run", "--key", "k"}, own)
	require.Equal(t, []string{"git", "--help", "--", "", "x"}, command)
	own, command = splitCommand([]string{"distlock", "--help"})
	require.Equal(t, []string{"distlock", "--help"}, own)
	require.Nil(t, command)
}

func TestMessagesAreMarkedLineByLine(t *testing.T) {
	var out strings.Builder
	say(&out, "distlock: one\n\ttwo")
	say(&out, "")
	require.Equal(t, "distlock: one\ndistlock:   two\n", out.String())
}
