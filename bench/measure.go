package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/urfave/cli/v3"

	"github.com/lilith/distlock/bench/internal/contest"
	"github.com/lilith/distlock/bench/internal/report"
	"github.com/lilith/distlock/bench/internal/server"
)

// list tells what there is to measure.
func list(out io.Writer, all []*contest.Workload, b contest.Budget) error {
	t := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	total := time.Duration(0)
	for _, w := range all {
		took := w.Estimate(b)
		total += took
		if _, err := fmt.Fprintf(t, "%s\t%s\t%s\n", w.Name, roughly(took), w.Title); err != nil {
			return err
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%d workloads, %s\n", len(all), roughly(total))
	return err
}

// roughly writes an estimate with no more digits than it is worth.
func roughly(d time.Duration) string {
	switch {
	case d < 90*time.Second:
		return fmt.Sprintf("about %d s", max(1, int(d.Seconds()+0.5)))
	default:
		return fmt.Sprintf("about %d min", int(d.Minutes()+0.5))
	}
}

// measure runs the workloads and writes the report, whatever ends the run.
func measure(ctx context.Context, cmd *cli.Command, chosen []*contest.Workload, b contest.Budget, dir string) error {
	if _, err := exec.LookPath("redis-server"); err != nil {
		return server.ErrMissing
	}
	out := cmd.Root().Writer
	record := &report.Record{Began: time.Now(), Budget: b, Machine: report.ThisMachine(), Command: commandOf(cmd)}
	board := newProgress(out, chosen, b, time.Now)
	if err := board.begin(dir); err != nil {
		return err
	}
	failure := measureAll(ctx, chosen, b, record, board)
	board.end()
	record.Took = time.Since(record.Began)
	if len(record.Results) == 0 && failure != nil {
		return failure
	}
	if err := write(out, record, dir); err != nil {
		return errors.Join(failure, err)
	}
	return failure
}

// measureAll fills the record. A workload that cannot run here is left out; any other
// failure ends the run.
func measureAll(ctx context.Context, chosen []*contest.Workload, b contest.Budget, record *report.Record, board *progress) error {
	for _, w := range chosen {
		result, err := contest.Run(ctx, w, b, board.show)
		if result != nil {
			record.Results = append(record.Results, result)
		}
		switch {
		case err == nil:
			board.done(w)
		case errors.Is(err, contest.ErrNotHere):
			board.done(w)
			record.Skipped = append(record.Skipped, err.Error())
		case ctx.Err() != nil:
			record.Stopped = "it was interrupted in " + w.Name
			return &codedError{exitInterrupted, "interrupted"}
		default:
			record.Stopped = err.Error()
			return err
		}
	}
	return nil
}

// write writes the report and tells where it is.
func write(out io.Writer, record *report.Record, dir string) error {
	if err := record.Write(dir); err != nil {
		return fmt.Errorf("--out %s: %w", dir, err)
	}
	_, err := fmt.Fprintf(out, "report: %s\nagain without measuring: --from %s\n",
		filepath.Join(dir, report.MarkdownFile), filepath.Join(dir, report.ResultsFile))
	return err
}

// commandOf returns the command that makes such a run.
func commandOf(cmd *cli.Command) string {
	words := []string{"go", "-C", "bench", "run", "."}
	if cmd.Bool("quick") {
		words = append(words, "--quick")
	}
	if only := cmd.String("only"); only != "" {
		words = append(words, fmt.Sprintf("--only '%s'", only))
	}
	if cmd.IsSet("rounds") {
		words = append(words, fmt.Sprintf("--rounds %d", cmd.Int("rounds")))
	}
	return strings.Join(words, " ")
}
