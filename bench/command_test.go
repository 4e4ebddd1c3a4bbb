package main_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	bench "github.com/lilith/distlock/bench"
	"github.com/lilith/distlock/bench/internal/contest"
	"github.com/lilith/distlock/bench/internal/report"
	"github.com/lilith/distlock/bench/internal/servertest"
)

// run executes the command, and returns the exit code and what it said.
func run(ctx context.Context, args ...string) (code int, out, complaint string) {
	var stdout, stderr bytes.Buffer
	code = bench.Execute(ctx, append([]string{"bench"}, args...), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestTheListHasEveryWorkloadAndAnEstimate(t *testing.T) {
	code, out, complaint := run(t.Context(), "--list")
	require.Zero(t, code, complaint)
	for _, w := range contest.Catalogue() {
		require.Contains(t, out, w.Name+" ")
		require.Contains(t, out, w.Title)
	}
	require.Regexp(t, `\d+ workloads, about \d+ min\n$`, out)
}

func TestOnlyChoosesByRegularExpressions(t *testing.T) {
	code, out, complaint := run(t.Context(), "--list", "--only", "hung,^uncontended-1$")
	require.Zero(t, code, complaint)
	var names []string
	for line := range strings.Lines(out) {
		names = append(names, strings.Fields(line)[0])
	}
	require.Equal(t, []string{"uncontended-1", "hung-1", "hung-2", "3"}, names, "in the catalogue's order")
}

func TestAMistakeIsNamedWithItsBoundAndTheMend(t *testing.T) {
	for _, c := range []struct {
		args string
		want string
	}{
		{"--rounds 0", "--rounds is 0: it must be 1 to 1000; 5 or more give quartiles that mean something"},
		{"--rounds 1001", "--rounds is 1001: it must be 1 to 1000"},
		{"--only nobody", `--only: no workload's name has "nobody" in it; see bench --list`},
		{"--only [", `--only: "[" is no regular expression; write names as --list has them`},
		{"--only hung,", `--only: "" is no regular expression`},
		{"quick", `"quick" is no option, and there are no arguments; see bench --help`},
		{"--quik", "not defined: --quik; see bench --help"},
		{"--from nowhere.json", "--from: open nowhere.json: no such file or directory; give a results.json that a run has written"},
		{"--from x --quick", "--quick has no meaning with --from, which measures nothing: leave it out"},
	} {
		code, _, complaint := run(t.Context(), strings.Fields(c.args)...)
		require.Equal(t, 64, code, c.args)
		require.Contains(t, complaint, "bench: ", c.args)
		require.Contains(t, complaint, c.want, c.args)
	}
}

func TestAQuickRunWritesAReportThatCanBeWrittenAgain(t *testing.T) {
	servertest.Require(t)
	dir := t.TempDir()
	code, out, complaint := run(t.Context(), "--quick", "--rounds", "1", "--only", "^uncontended-1$,^contended-1-8-one$", "--seed", "7", "--out", dir)
	require.Zero(t, code, complaint)
	require.Contains(t, out, "workloads 2, rounds 1, seed 7: about")
	require.Contains(t, out, "[1/2] uncontended-1: preparing: distlock")
	require.Contains(t, out, "measured 2 of 2 workloads")
	text, err := os.ReadFile(filepath.Join(dir, report.MarkdownFile))
	require.NoError(t, err)
	for _, want := range []string{
		"## Targets", "`go -C bench run . --quick --only '^uncontended-1$,^contended-1-8-one$' --rounds 1`",
		"### Uncontended, one node", "(bars-uncontended.svg)", "(latency-uncontended-1.svg)", "(timeline-contended-1-8-one.svg)",
	} {
		require.Contains(t, string(text), want)
	}
	again := t.TempDir()
	code, _, complaint = run(t.Context(), "--from", filepath.Join(dir, report.ResultsFile), "--out", again)
	require.Zero(t, code, complaint)
	copied, err := os.ReadFile(filepath.Join(again, report.MarkdownFile))
	require.NoError(t, err)
	require.Equal(t, string(text), string(copied))
}

// interrupted cancels a run once it says what.
type interrupted struct {
	bytes.Buffer
	what   string
	cancel context.CancelFunc
}

func (i *interrupted) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(i.what)) {
		i.cancel()
	}
	return i.Buffer.Write(p)
}

func TestARunThatIsInterruptedWritesWhatItHas(t *testing.T) {
	servertest.Require(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	dir := t.TempDir()
	out := &interrupted{what: "[2/2]", cancel: cancel}
	var complaint bytes.Buffer
	code := bench.Execute(ctx, []string{
		"bench", "--quick", "--rounds", "1", "--only", "^held-1$,^waiting-1$", "--out", dir,
	}, out, &complaint)
	require.Equal(t, 130, code)
	require.Equal(t, "bench: interrupted\n", complaint.String())
	text, err := os.ReadFile(filepath.Join(dir, report.MarkdownFile))
	require.NoError(t, err)
	require.Contains(t, string(text), "**This run ended early: it was interrupted in waiting-1.**")
	require.Contains(t, string(text), "### Memory of each held lock, one node")
	require.NotContains(t, string(text), "### Memory of each waiting lock")
}

func TestProgressTellsTheTurnAndWhatIsLeft(t *testing.T) {
	w := &contest.Workload{Name: "first", Turn: func(contest.Budget) time.Duration { return time.Minute }}
	second := &contest.Workload{Name: "second", Turn: w.Turn}
	now := time.Unix(0, 0)
	var out bytes.Buffer
	b := contest.Budget{Rounds: 4}
	p := bench.NewProgress(&out, []*contest.Workload{w, second}, b, func() time.Time { return now })
	bench.Show(p, contest.Progress{Workload: w, Of: 4, Contestant: "distlock"})
	require.Equal(t, "[1/2] first: preparing: distlock  (about 1 s left)\n", out.String(), "nobody takes part, so there is nothing to do")

	out.Reset()
	bench.Show(p, contest.Progress{Workload: w, Of: 4, Round: 2, Contestant: "redsync"})
	require.Empty(t, out.String(), "a line for each turn would be many")
	now = now.Add(11 * time.Second)
	bench.Show(p, contest.Progress{Workload: w, Of: 4, Round: 3, Phase: "hung", Contestant: "redsync"})
	require.Contains(t, out.String(), "[1/2] first: round 3 of 4, hung: redsync")

	out.Reset()
	bench.Done(p, w)
	bench.Show(p, contest.Progress{Workload: second, Of: 4, Round: 1, Contestant: "distlock"})
	require.Contains(t, out.String(), "[2/2] second: round 1 of 4: distlock")
}
