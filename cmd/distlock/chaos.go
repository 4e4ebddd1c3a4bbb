package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/lilith/distlock/chaos"
)

// Exit codes of distlock chaos, as its help has them.
const (
	exitViolation = 1
	exitNoRun     = 2
)

func newChaos() *cli.Command {
	return &cli.Command{
		Name:  "chaos",
		Usage: "inject faults under locks at work, and check what must hold",
		UsageText: "distlock chaos [options]\n" +
			"distlock chaos --processes [options]\n" +
			"distlock chaos --node URL [--node URL ...] [--allow-destructive] [options]\n" +
			"distlock chaos --simulate [--seeds N] [options]",
		Description: `Clients contend for locks and work under them while nodes, networks, clocks and
clients fail. Whatever happened is checked: leases must not overlap while what locks
rest on holds, fencing tokens must rise in any case, no key may be left behind. With
no option it takes half a minute and needs nothing: five nodes are embedded.

   --processes  five redis-server processes, and clients that are processes too
   --node       your servers, behind proxies. What a proxy and a script can do is done
                to locks named distlock-chaos:*; FLUSHALL, CONFIG and the like only
                with --allow-destructive
   --simulate   the library on virtual time, one run a seed, thousands a minute;
                the same seed gives the same run

Faults: ` + strings.Join(rowNames(), " ") + `

Exit codes:
   0  nothing was violated
   1  something was: the report tells what, and the command that repeats it
   2  it could not run`,
		Flags:  chaosFlags(),
		Action: chaosAction,

		DisableSliceFlagSeparator: true, // a password may have a comma in it
		OnUsageError: func(ctx context.Context, cmd *cli.Command, err error, sub bool) error {
			return noRun(onUsageError(ctx, cmd, err, sub))
		},
		HideHelpCommand: true,
	}
}

func rowNames() []string {
	var names []string
	for _, r := range chaos.Rows() {
		names = append(names, r.String())
	}
	return names
}

func chaosFlags() []cli.Flag {
	return []cli.Flag{
		&cli.Uint64Flag{Name: "seed", Usage: "plan the run from `N`; 0 draws one, and prints it"},
		&cli.DurationFlag{Name: "duration", Usage: "let faults rage for `TIME`; simulated seeds end then too", DefaultText: "25s"},
		&cli.IntFlag{Name: "nodes", Usage: "lock on `N` nodes", DefaultText: "5"},
		&cli.IntFlag{Name: "clients", Usage: "have `N` clients contend, some of them several workers that share a Locker", DefaultText: "6"},
		&cli.StringFlag{Name: "faults", Usage: "inject only `NAMES`, separated by commas"},
		&cli.BoolFlag{Name: "processes", Usage: "start redis-server and client processes"},
		&cli.StringSliceFlag{Name: "node", Usage: "run against the server at `URL` (redis://, rediss://); may be repeated"},
		&cli.BoolFlag{Name: "allow-destructive", Usage: "with --node: allow what destroys other data on those servers"},
		&cli.BoolFlag{Name: "simulate", Usage: "run on virtual time"},
		&cli.IntFlag{Name: "seeds", Usage: "with --simulate: run `N` seeds from --seed on", DefaultText: "2000"},
		&cli.IntFlag{Name: "jobs", Usage: "with --simulate: use `N` processes", DefaultText: "one a processor"},
		&cli.BoolFlag{Name: "miniredis", Usage: "with --simulate: run the Lua scripts themselves, slower"},
		&cli.BoolFlag{Name: "months", Usage: "with --simulate: make each seed a month of jobs that lock about once an hour"},
		&cli.StringFlag{Name: "report", Value: "distlock-chaos.html", Usage: "write the report to `FILE`, and its JSON beside it; \"\" for none"},
	}
}

// noRun gives an error the code for a run that could not be made.
func noRun(err error) error {
	if err == nil {
		return nil
	}
	return &exitError{exitNoRun, err.Error()}
}

func chaosAction(ctx context.Context, cmd *cli.Command) error {
	if cmd.Args().Present() {
		return noRun(usageError("chaos takes no arguments, only options; see distlock chaos --help"))
	}
	// Ctrl-C ends the run, not the report.
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := chaosConflict(cmd); err != nil {
		return noRun(err)
	}
	if cmd.Bool("simulate") {
		return simulate(ctx, cmd)
	}
	return endure(ctx, cmd)
}

// chaosConflict names options that do not go together.
func chaosConflict(cmd *cli.Command) error {
	worlds := 0
	for _, name := range []string{"processes", "node", "simulate"} {
		if cmd.IsSet(name) {
			worlds++
		}
	}
	switch {
	case worlds > 1:
		return usageError("--processes, --node and --simulate exclude one another: choose one")
	case cmd.IsSet("node") && cmd.IsSet("nodes"):
		return usageError("--nodes is the number of nodes to start; with --node it is the number of URLs: leave it out")
	case cmd.Bool("allow-destructive") && !cmd.IsSet("node"):
		return usageError("--allow-destructive is for servers given by --node: leave it out")
	}
	for _, name := range []string{"seeds", "jobs", "miniredis", "months"} {
		if cmd.IsSet(name) && !cmd.Bool("simulate") {
			return usageError("--%s needs --simulate", name)
		}
	}
	for _, name := range []string{"nodes", "clients", "faults"} {
		if cmd.IsSet(name) && cmd.Bool("simulate") {
			return usageError("--%s has no meaning with --simulate: the seed decides", name)
		}
	}
	for _, name := range []string{"nodes", "clients", "seeds", "jobs"} {
		if cmd.IsSet(name) && cmd.Int(name) < 1 {
			return usageError("--%s is %d: it must be at least 1", name, cmd.Int(name))
		}
	}
	if cmd.IsSet("duration") && cmd.Duration("duration") <= 0 {
		return usageError("--duration is %v: it must be above 0", cmd.Duration("duration"))
	}
	return nil
}

// endure runs clients and faults in real time.
func endure(ctx context.Context, cmd *cli.Command) error {
	o := chaos.Options{
		Seed:             cmd.Uint64("seed"),
		Duration:         cmd.Duration("duration"),
		Nodes:            cmd.Int("nodes"),
		Clients:          cmd.Int("clients"),
		Processes:        cmd.Bool("processes"),
		URLs:             cmd.StringSlice("node"),
		AllowDestructive: cmd.Bool("allow-destructive"),
		Command:          "distlock chaos",
	}
	if names := cmd.String("faults"); names != "" {
		var err error
		if o.Kinds, err = chaos.KindsOf(strings.Split(names, ",")...); err != nil {
			return noRun(usageError("--faults: %s", strings.TrimPrefix(err.Error(), "chaos: ")))
		}
	}
	out := cmd.Root().Writer
	if len(o.URLs) > 0 {
		warn(out, &o)
	}
	board := newScoreboard(out, time.Now)
	o.Observe = board.show
	report, err := chaos.Run(ctx, o)
	board.end()
	if report == nil {
		return noRun(errors.Join(err, ctx.Err()))
	}
	return errors.Join(conclude(cmd, report), noRun(err))
}

// warn tells what will be done to servers that are not ours.
func warn(out io.Writer, o *chaos.Options) {
	_, _ = fmt.Fprintf(out, "%d servers are used through proxies; keys named %s* come and go on them.\n", len(o.URLs), chaos.ServerPrefix)
	if o.AllowDestructive {
		_, _ = fmt.Fprintln(out, "Destructive faults are allowed: FLUSHALL destroys ALL data on them, and CONFIG and ACL change their settings for a while.")
	} else {
		_, _ = fmt.Fprintln(out, "No other key and no setting is touched; the script cache is flushed.")
	}
}

// conclude prints and writes the report, and turns its verdict into the exit code.
func conclude(cmd *cli.Command, report *chaos.Report) error {
	out := cmd.Root().Writer
	if err := report.WriteText(out); err != nil {
		return noRun(err)
	}
	if err := writeReport(out, cmd.String("report"), report); err != nil {
		return noRun(err)
	}
	if !report.OK() {
		return &exitError{exitViolation, ""} // the report has said it
	}
	return nil
}

// writeReport writes the report as HTML to the file named, and as JSON beside it.
func writeReport(out io.Writer, name string, report *chaos.Report) error {
	if name == "" {
		return nil
	}
	beside := strings.TrimSuffix(name, ".html") + ".json"
	for _, f := range []struct {
		name  string
		write func(io.Writer) error
	}{{name, report.WriteHTML}, {beside, report.WriteJSON}} {
		file, err := os.Create(f.name)
		if err != nil {
			return fmt.Errorf("the report: %w", err)
		}
		if err := errors.Join(f.write(file), file.Close()); err != nil {
			return fmt.Errorf("the report %s: %w", f.name, err)
		}
	}
	_, err := fmt.Fprintf(out, "report: %s, %s\n", name, beside)
	return err
}
