package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/urfave/cli/v3"
	"golang.org/x/sync/errgroup"

	"github.com/lilith/distlock/chaos"
	"github.com/lilith/distlock/chaos/sim"
)

// simulateEnv is set for the processes among which the seeds are divided: a process
// runs one simulation at a time.
const simulateEnv = "DISTLOCK_SIMULATE_SHARE"

// usualSeeds take about as long as the other runs do.
const usualSeeds = 2000

// A share is what one process says of its seeds, so far.
type share struct {
	Totals sim.Totals `json:"totals"`
	Failed bool       `json:"failed,omitempty"`
	Seed   uint64     `json:"seed,omitempty"` // that violated something
	Err    string     `json:"err,omitempty"`
}

// simulate runs seeds on virtual time.
func simulate(ctx context.Context, cmd *cli.Command) error {
	h := sim.Hunt{From: cmd.Uint64("seed"), Runs: cmd.Int("seeds"), Miniredis: cmd.Bool("miniredis"), Months: cmd.Bool("months")}
	if h.From == 0 {
		h.From = rand.Uint64() >> 16 // short enough to be typed
	}
	if h.Runs == 0 {
		h.Runs = usualSeeds
	}
	if d := cmd.Duration("duration"); d > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, d)
		defer cancel()
	}
	if os.Getenv(simulateEnv) != "" {
		return simulateShare(ctx, h, cmd.Root().Writer)
	}
	if h.Runs == 1 {
		return simulateOne(cmd, h)
	}
	jobs := cmd.Int("jobs")
	if jobs == 0 {
		jobs = runtime.NumCPU()
	}
	return simulateAll(ctx, cmd, h, min(jobs, h.Runs))
}

// simulateShare is one process of several: it says how it goes each second.
func simulateShare(ctx context.Context, h sim.Hunt, out io.Writer) error {
	told := time.Now()
	tell := json.NewEncoder(out)
	h.Go = func(t *sim.Totals) bool {
		if time.Since(told) > time.Second {
			told = time.Now()
			_ = tell.Encode(share{Totals: *t}) // a parent that is gone reads no result either
		}
		return ctx.Err() == nil
	}
	sim.Main(func(t *testing.T) int {
		totals, found, err := h.Run(t)
		last := share{Totals: totals}
		if found != nil {
			last.Failed, last.Seed = true, found.Config.Seed
		}
		if err != nil {
			last.Err = err.Error()
		}
		if tell.Encode(last) != nil {
			return exitNoRun
		}
		return 0
	})
	return nil // Main ends the process
}

// simulateAll divides the seeds among processes.
func simulateAll(ctx context.Context, cmd *cli.Command, h sim.Hunt, jobs int) error {
	out, interrupted := cmd.Root().Writer, ctx
	_, _ = fmt.Fprintf(out, "%d seeds from %d on, in %d processes\n", h.Runs, h.From, jobs)
	board := newScoreboard(out, time.Now)
	began := time.Now()
	shares := make(chan shareOf)
	group, ctx := errgroup.WithContext(ctx)
	for i := range jobs {
		from, to := h.Runs*i/jobs, h.Runs*(i+1)/jobs
		part := sim.Hunt{From: h.From + uint64(from), Runs: to - from, Miniredis: h.Miniredis, Months: h.Months}
		group.Go(func() error { return runShare(ctx, part, i, shares) })
	}
	ended := make(chan error, 1)
	go func() { // ends with the processes, which end with ctx
		ended <- group.Wait()
		close(shares)
	}()
	latest := make([]share, jobs)
	for s := range shares {
		latest[s.index] = s.share
		board.print("simulate", totalLine(sumOf(latest), h.Runs, time.Since(began)), "")
	}
	board.end()
	err := <-ended
	_, _ = fmt.Fprintln(out, totalLine(sumOf(latest), h.Runs, time.Since(began)))
	for _, s := range latest {
		if s.Failed {
			_, _ = fmt.Fprintf(out, "seed %d violates something; it is run again, and reduced\n", s.Seed)
			return simulateOne(cmd, sim.Hunt{From: s.Seed, Runs: 1, Miniredis: h.Miniredis, Months: h.Months})
		}
	}
	if err != nil {
		return noRun(err)
	}
	report := h.Report(sumOf(latest))
	report.Began = began
	if cause := context.Cause(interrupted); cause != nil && report.Seeds < h.Runs {
		report.Stopped = "interrupted: " + cause.Error()
	}
	return conclude(cmd, report)
}

type shareOf struct {
	share
	index int
}

var errFound = errors.New("a seed violates something")

// runShare runs a process for some of the seeds and passes on what it says.
func runShare(ctx context.Context, h sim.Hunt, index int, to chan<- shareOf) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	args := []string{"chaos", "--simulate", "--seed", strconv.FormatUint(h.From, 10), "--seeds", strconv.Itoa(h.Runs)}
	if h.Miniredis {
		args = append(args, "--miniredis")
	}
	if h.Months {
		args = append(args, "--months")
	}
	child := exec.CommandContext(ctx, self, args...)
	// It has little in memory and makes much garbage: collecting it less often takes a
	// third of the time away. What the user sets comes after, and counts.
	child.Env = append([]string{"GOGC=800", simulateEnv + "=" + strconv.Itoa(index)}, os.Environ()...)
	child.Stderr = os.Stderr
	child.Cancel = func() error { return child.Process.Signal(os.Interrupt) } // it says what it has
	child.WaitDelay = 10 * time.Second
	said, err := child.StdoutPipe()
	if err != nil {
		return err
	}
	if err := child.Start(); err != nil {
		return err
	}
	lines := bufio.NewScanner(said)
	lines.Buffer(nil, 1<<20)
	var last share
	for lines.Scan() {
		var s share
		if json.Unmarshal(lines.Bytes(), &s) == nil {
			last = s
			to <- shareOf{s, index}
		}
	}
	err = child.Wait()
	switch {
	case last.Failed:
		return errFound // the others need not go on
	case last.Err != "":
		return errors.New(last.Err)
	case ctx.Err() != nil:
		return nil
	default:
		return err
	}
}

func sumOf(shares []share) *sim.Totals {
	var sum sim.Totals
	for i := range shares {
		sum.Merge(&shares[i].Totals)
	}
	return &sum
}

func totalLine(t *sim.Totals, of int, took time.Duration) string {
	return fmt.Sprintf("%.0fs  %d of %d seeds  %.1f simulated days  %d faults  %d leases  %d overlaps where no lock can help, %d stale writes refused",
		took.Seconds(), t.Runs, of, t.Virtual.Hours()/24, t.Faults, t.Acquired, t.Overlaps, t.StaleWrites)
}

// simulateOne runs one seed, reduces it where it violates something, and ends the
// process.
func simulateOne(cmd *cli.Command, h sim.Hunt) error {
	sim.Main(func(t *testing.T) int {
		report, err := reduced(t, cmd.Root().Writer, h)
		if err == nil {
			err = conclude(cmd, report)
		} else {
			err = noRun(err)
		}
		if err != nil {
			say(cmd.Root().ErrWriter, err.Error())
		}
		return codeOf(err)
	})
	return nil // Main ends the process
}

// reduced returns the report of a seed, with as few faults as it takes where it
// violates something.
func reduced(t *testing.T, out io.Writer, h sim.Hunt) (*chaos.Report, error) {
	r, err := sim.Run(t, h.Draw(h.From))
	if err != nil || r.OK() {
		return r.Report(), err
	}
	faults := len(r.Config.Plan)
	if r, err = sim.Shrink(t, r, mostShrinks); err != nil {
		return nil, err
	}
	_, _ = fmt.Fprintf(out, "reduced from %d faults to %d:\n", faults, len(r.Config.Plan))
	for _, p := range r.Config.Plan {
		_, _ = fmt.Fprintf(out, "  %v\n", p)
	}
	return r.Report(), nil
}

// mostShrinks bounds the runs that reducing a seed takes.
const mostShrinks = 500
