package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"strings"
	"time"

	"github.com/urfave/cli/v3"
)

// Exit codes.
const (
	exitSurvived = 1 // a mutant survived, or the unmodified tree fails
	exitCannot   = 2 // it could not be told
)

func main() {
	os.Exit(execute(os.Args, os.Stdout, os.Stderr))
}

var errSurvived = errors.New("mutants: not all is as it must be")

// execute is the whole program: it returns the exit code.
func execute(args []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	root := newRoot()
	root.Writer, root.ErrWriter = stdout, stderr
	err := root.Run(ctx, args)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errSurvived):
		return exitSurvived
	default:
		_, _ = fmt.Fprintln(stderr, "mutants:", err)
		return exitCannot
	}
}

func newRoot() *cli.Command {
	return &cli.Command{
		Name:      "mutants",
		Usage:     "plant bugs into the library, one at a time, and require that each is found",
		UsageText: "go run ./chaos/mutants [options]",
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "only", Usage: "try the mutant of this `NAME` alone, and leave the unmodified tree out; may be repeated"},
			&cli.BoolFlag{Name: "list", Usage: "name the mutants and what each breaks"},
			&cli.StringSliceFlag{Name: "layer", Usage: "try the layer of this `NAME` alone; may be repeated"},
			&cli.IntFlag{Name: "jobs", Usage: "mutants at a time: most of them wait", Value: 2 * runtime.NumCPU()},
			&cli.IntFlag{Name: "seeds", Usage: "simulate at most so many seeds", Value: 400},
			&cli.BoolFlag{Name: "all-layers", Usage: "do not stop at the first kill: a column for each layer"},
			&cli.StringFlag{Name: "json", Usage: "write what became of each to `FILE`"},
		},
		Action:          run,
		ExitErrHandler:  func(context.Context, *cli.Command, error) {}, // execute exits
		HideHelpCommand: true,
	}
}

func run(ctx context.Context, cmd *cli.Command) error {
	began := time.Now()
	mutants, err := choose(catalogue(), cmd.StringSlice("only"))
	if err != nil {
		return err
	}
	if cmd.Bool("list") {
		list(cmd.Root().Writer, mutants)
		return nil
	}
	if jobs, seeds := cmd.Int("jobs"), cmd.Int("seeds"); jobs < 1 || seeds < 1 {
		return fmt.Errorf("--jobs is %d and --seeds %d: both must be at least 1", jobs, seeds)
	}
	c, err := newCampaign(ctx, cmd, mutants)
	if err != nil {
		return err
	}
	out := newTable(cmd.Root().Writer, mutants, c.layers, c.every)
	c.tried, c.sound = out.row, out.tree
	out.head()
	trials, tree, err := c.run(ctx, mutants)
	if err != nil {
		return err
	}
	elapsed := time.Since(began)
	if file := cmd.String("json"); file != "" {
		if err := writeRecord(file, trials, tree, elapsed); err != nil {
			return err
		}
	}
	return conclude(out, trials, tree, elapsed)
}

// newCampaign makes the campaign that the flags ask for. A stale mutant is an error
// before anything is built.
func newCampaign(ctx context.Context, cmd *cli.Command, mutants []Mutant) (*campaign, error) {
	c := &campaign{
		layers:  layers(cmd.Int("seeds")),
		every:   cmd.Bool("all-layers"),
		control: len(cmd.StringSlice("only")) == 0,
		jobs:    cmd.Int("jobs"),
	}
	var err error
	if c.layers, err = chooseLayers(c.layers, cmd.StringSlice("layer")); err != nil {
		return nil, err
	}
	if c.tool, err = findModule(ctx); err != nil {
		return nil, err
	}
	for i := range mutants {
		if _, err := mutants[i].PlantIn(c.tool.root); err != nil {
			return nil, err
		}
	}
	var packages []string
	for i := range c.layers {
		packages = append(packages, c.layers[i].Packages...)
	}
	c.deps, err = c.tool.deps(ctx, packages)
	return c, err
}

func list(w io.Writer, mutants []Mutant) {
	for i := range mutants {
		m := &mutants[i]
		_, _ = fmt.Fprintf(w, "%-32s %s\n%-32s breaks: %s\n", m.Name, m.File, "", m.Breaks)
	}
}

// conclude prints the sum of it all and returns what the exit code is made from.
func conclude(out *table, trials []Trial, tree []Finding, elapsed time.Duration) error {
	killed, broken, fails := 0, 0, 0
	by := make(map[string]int)
	for i := range trials {
		if trials[i].Broke() != nil {
			broken++
		} else if f := trials[i].Killer(); f != nil {
			killed++
			by[f.Layer]++
		}
	}
	for i := range tree {
		if tree[i].Outcome != Survived {
			fails++
		}
	}
	var shares []string
	for i := range out.layers {
		if n := by[out.layers[i].Name]; n > 0 {
			shares = append(shares, fmt.Sprintf("%s %d", out.layers[i].Name, n))
		}
	}
	verdict := "the unmodified tree passes every layer"
	switch {
	case tree == nil:
		verdict = "the unmodified tree was not tested"
	case fails > 0:
		verdict = fmt.Sprintf("the unmodified tree FAILS %d layers", fails)
	}
	out.line("\n%d mutants: %d killed (%s), %d survived, %d broken; %s; %s", len(trials), killed,
		strings.Join(shares, ", "), len(trials)-killed-broken, broken, verdict, seconds(elapsed))
	switch {
	case broken > 0:
		return fmt.Errorf("%d mutants could not be tried", broken)
	case killed < len(trials) || fails > 0:
		return errSurvived
	}
	return nil
}
