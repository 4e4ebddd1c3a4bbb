package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/lilith/distlock/bench/internal/contest"
	"github.com/lilith/distlock/bench/internal/report"
)

// Directories of reports. The first is committed, so that only a whole run writes it.
const (
	wholeDir = "report"
	partDir  = "report-part"
)

func newCommand() *cli.Command {
	return &cli.Command{
		Name:  "bench",
		Usage: "measure the library beside its peers, on real redis-servers",
		UsageText: "bench [--quick] [--only NAMES] [--rounds N] [--seed N] [--out DIR]\n" +
			"bench --from results.json [--out DIR]\n" +
			"bench --list",
		Description: `Starts redis-servers, has everyone lock on them in turn, and writes REPORT.md with
figures, and the results as JSON. A ratio within a round stands where the machine's
times drift; it is still best to leave the machine alone meanwhile. Ctrl-C ends the
run and writes the report so far.`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "only", Usage: "measure only workloads with one of `NAMES` in theirs, separated by commas; each is a regular expression"},
			&cli.BoolFlag{Name: "quick", Usage: "do less of each, to see that it works"},
			&cli.IntFlag{Name: "rounds", Usage: "make `N` rounds; workloads that take long make fewer in proportion", DefaultText: fmt.Sprintf("%d, with --quick %d", contest.Full.Rounds, contest.Quick.Rounds)},
			&cli.Uint64Flag{Name: "seed", Usage: "order the turns by `N`; 0 draws one", DefaultText: "drawn"},
			&cli.StringFlag{Name: "out", Usage: "write into `DIR`", DefaultText: wholeDir + "; " + partDir + " if anything is left out"},
			&cli.StringFlag{Name: "from", Usage: "write the report of saved results, `FILE`, without measuring"},
			&cli.BoolFlag{Name: "list", Usage: "list the workloads, and about how long each takes"},
		},
		Action:          action,
		OnUsageError:    onUsageError,
		ExitErrHandler:  func(context.Context, *cli.Command, error) {}, // execute exits
		HideHelpCommand: true,
	}
}

func action(ctx context.Context, cmd *cli.Command) error {
	if cmd.Args().Present() {
		return usageError("%q is no option, and there are no arguments; see bench --help", cmd.Args().First())
	}
	if cmd.IsSet("from") {
		return render(cmd)
	}
	b, err := budget(cmd)
	if err != nil {
		return err
	}
	chosen, err := choose(contest.Catalogue(), cmd.String("only"))
	if err != nil {
		return err
	}
	if cmd.Bool("list") {
		return list(cmd.Root().Writer, chosen, b)
	}
	dir := cmd.String("out")
	if dir == "" {
		dir = wholeDir
		if cmd.IsSet("quick") || cmd.IsSet("only") || cmd.IsSet("rounds") {
			dir = partDir
		}
	}
	return measure(ctx, cmd, chosen, b, dir)
}

// render writes the report of saved results, beside them unless told otherwise.
func render(cmd *cli.Command) error {
	for _, name := range []string{"quick", "only", "rounds", "seed", "list"} {
		if cmd.IsSet(name) {
			return usageError("--%s has no meaning with --from, which measures nothing: leave it out", name)
		}
	}
	name := cmd.String("from")
	file, err := os.Open(name)
	if err != nil {
		return usageError("--from: %v; give a %s that a run has written", err, report.ResultsFile)
	}
	record, err := report.Load(file, contest.Catalogue())
	if err := errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("--from %s: %w", name, err)
	}
	dir := cmd.String("out")
	if dir == "" {
		dir = filepath.Dir(name)
	}
	return write(cmd.Root().Writer, record, dir)
}

func budget(cmd *cli.Command) (contest.Budget, error) {
	b := contest.Full
	if cmd.Bool("quick") {
		b = contest.Quick
	}
	if cmd.IsSet("rounds") {
		const most = 1000
		if b.Rounds = cmd.Int("rounds"); b.Rounds < 1 || b.Rounds > most {
			return b, usageError("--rounds is %d: it must be 1 to %d; 5 or more give quartiles that mean something", b.Rounds, most)
		}
	}
	if b.Seed = cmd.Uint64("seed"); b.Seed == 0 {
		b.Seed = uint64(rand.Uint32()) + 1
	}
	return b, nil
}

// choose returns those with a name that one of the expressions, separated by commas,
// matches.
func choose(all []*contest.Workload, only string) ([]*contest.Workload, error) {
	if only == "" {
		return all, nil
	}
	chosen := make(map[*contest.Workload]bool)
	for _, text := range strings.Split(only, ",") {
		expression, err := regexp.Compile(text)
		if err != nil || text == "" {
			return nil, usageError("--only: %q is no regular expression; write names as --list has them, like hung-1 or ^distinct-5", text)
		}
		found := false
		for _, w := range all {
			if expression.MatchString(w.Name) {
				chosen[w], found = true, true
			}
		}
		if !found {
			return nil, usageError("--only: no workload's name has %q in it; see bench --list", text)
		}
	}
	var kept []*contest.Workload
	for _, w := range all {
		if chosen[w] {
			kept = append(kept, w)
		}
	}
	return kept, nil
}

// A codedError is an error with the code that the program ends with.
type codedError struct {
	code int
	text string
}

func (e *codedError) Error() string { return e.text }

func usageError(format string, args ...any) error {
	return &codedError{exitUsage, fmt.Sprintf(format, args...)}
}

func onUsageError(_ context.Context, _ *cli.Command, err error, _ bool) error {
	// The parser writes "-quick" for the flag that everybody writes "--quick".
	text := strings.NewReplacer("not defined: -", "not defined: --", "for flag -", "for flag --").Replace(err.Error())
	return usageError("%s; see bench --help", text)
}

func codeOf(err error) int {
	var coded *codedError
	if errors.As(err, &coded) {
		return coded.code
	}
	return exitFailed
}
