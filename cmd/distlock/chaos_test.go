package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
)

// chaosProcess runs distlock chaos as a process, in a directory of its own.
func chaosProcess(t *testing.T, args ...string) (code int, stdout, stderr, dir string) {
	t.Helper()
	dir = t.TempDir()
	cmd := exec.Command(binary, append([]string{"chaos"}, args...)...)
	cmd.Dir = dir
	var out, err strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &err
	if runErr := cmd.Run(); runErr != nil {
		var exit *exec.ExitError
		require.ErrorAs(t, runErr, &exit)
	}
	return cmd.ProcessState.ExitCode(), out.String(), err.String(), dir
}

// readReport returns the JSON report that a run left in dir.
func readReport(t *testing.T, dir string) *chaos.Report {
	t.Helper()
	file, err := os.Open(filepath.Join(dir, "distlock-chaos.json"))
	require.NoError(t, err)
	defer file.Close()
	report, err := chaos.ReadReport(file)
	require.NoError(t, err)
	return report
}

func TestChaosWithBadOptionsCouldNotRunAndNamesTheOption(t *testing.T) {
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"an argument":                {[]string{"now"}, "no arguments"},
		"an unknown option":          {[]string{"--harder"}, "--harder"},
		"two worlds":                 {[]string{"--processes", "--simulate"}, "exclude one another"},
		"servers and their number":   {[]string{"--node", "redis://127.0.0.1:1", "--nodes", "3"}, "--nodes"},
		"destruction of our own":     {[]string{"--allow-destructive"}, "--node"},
		"seeds in real time":         {[]string{"--seeds", "3"}, "--simulate"},
		"months in real time":        {[]string{"--months"}, "--simulate"},
		"faults in simulation":       {[]string{"--simulate", "--faults", "slow"}, "--faults"},
		"a fault that is none":       {[]string{"--faults", "slow,sloth"}, `"sloth"`},
		"no nodes":                   {[]string{"--nodes", "0"}, "--nodes"},
		"fewer clients than none":    {[]string{"--clients", "-1"}, "--clients"},
		"no time":                    {[]string{"--duration", "0s"}, "--duration"},
		"a time that is none":        {[]string{"--duration", "long"}, "--duration"},
		"a server that is no URL":    {[]string{"--node", "127.0.0.1:6379"}, "URL 1"},
		"a server that is not there": {[]string{"--node", "redis://127.0.0.1:1"}, "127.0.0.1:1"},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := inProcess(args("chaos", "--report", "", c.args)...)
			require.Equal(t, exitNoRun, code, stderr)
			require.Contains(t, stderr, c.want)
			require.Contains(t, stderr, "distlock: ")
		})
	}
}

func TestChaosHelpNamesEveryFaultAndExitCode(t *testing.T) {
	code, stdout, stderr := inProcess("chaos", "--help")
	require.Zero(t, code, stderr)
	for _, r := range chaos.Rows() {
		require.Contains(t, stdout, r.String())
	}
	for _, code := range []string{"0  nothing", "1  something", "2  it could not run"} {
		require.Contains(t, stdout, code)
	}
}

func TestChaosRunsOnEmbeddedNodesAndWritesItsReport(t *testing.T) {
	t.Parallel()
	code, stdout, stderr, dir := chaosProcess(t, "--seed", "5", "--duration", "3s", "--nodes", "3", "--clients", "4")
	require.Zero(t, code, "%s%s", stdout, stderr)
	require.Contains(t, stdout, "No violation found")
	require.Contains(t, stdout, "distlock chaos --seed 5 --duration 3s")
	report := readReport(t, dir)
	require.True(t, report.OK())
	require.Equal(t, uint64(5), report.Seed)
	require.Len(t, report.Nodes, 3)
	require.Positive(t, report.Counts["acquired"])
	require.Positive(t, report.Counts["faults"])
	html, err := os.ReadFile(filepath.Join(dir, "distlock-chaos.html"))
	require.NoError(t, err)
	require.Contains(t, string(html), "No violation found")
}

func TestChaosInjectsOnlyTheFaultsNamed(t *testing.T) {
	t.Parallel()
	code, stdout, stderr, dir := chaosProcess(t, "--seed", "6", "--duration", "2s", "--nodes", "3", "--faults", "slow,reply-lost")
	require.Zero(t, code, "%s%s", stdout, stderr)
	require.NotEmpty(t, readReport(t, dir).History.Injections)
	for _, in := range readReport(t, dir).History.Injections {
		require.Contains(t, []chaos.Row{chaos.SlowNode, chaos.ReplyLost}, in.Row)
	}
}

func TestTheSameSimulatedSeedGivesTheSameHistoryInAnotherProcess(t *testing.T) {
	t.Parallel()
	for _, seed := range []string{"11", "12", "13"} {
		requireAlike(t, func(string) any {
			code, stdout, stderr, dir := chaosProcess(t, "--simulate", "--seed", seed, "--seeds", "1")
			require.Zero(t, code, "%s%s", stdout, stderr)
			text, err := json.Marshal(readReport(t, dir).History)
			require.NoError(t, err)
			return string(text)
		}, "", "")
	}
}

func TestSimulatedSeedsAreDividedAmongProcesses(t *testing.T) {
	t.Parallel()
	requireAlike(t, func(jobs string) any {
		code, stdout, stderr, dir := chaosProcess(t, "--simulate", "--seed", "1", "--seeds", "30", "--jobs", jobs)
		require.Zero(t, code, "%s%s", stdout, stderr)
		require.Contains(t, stdout, "30 of 30 seeds")
		require.Contains(t, stdout, "No violation found")
		require.Contains(t, stdout, "distlock chaos --simulate --seed 1 --seeds 30")
		require.Empty(t, stderr)
		report := readReport(t, dir)
		require.Equal(t, 30, report.Seeds)
		require.Empty(t, report.Stopped)
		require.Positive(t, report.History.Elapsed)
		faults := 0
		for _, row := range chaos.Rows() {
			faults += report.Counts["fault "+row.String()]
		}
		require.Equal(t, report.Counts["faults"], faults)
		require.Positive(t, faults)
		report.Began = time.Time{}
		return report
	}, "1", "3")
}

// requireAlike requires that what is simulated in the one way is what it is in the other.
// A kernel that takes the processor away in the middle of an instant may change what Go
// lets run next, as package sim says, but now and then: of four more pairs three must be
// alike then.
func requireAlike(t *testing.T, simulated func(way string) any, one, other string) {
	t.Helper()
	first, second := simulated(one), simulated(other)
	if reflect.DeepEqual(first, second) {
		return
	}
	alike := 0
	for range 4 {
		again, andAgain := simulated(one), simulated(other)
		if reflect.DeepEqual(again, andAgain) {
			alike++
		} else {
			first, second = again, andAgain
		}
	}
	if alike < 3 {
		require.Equal(t, first, second)
	}
}
