package main

import (
	"fmt"
	"io"
	"os"
	"time"
	"unicode/utf8"

	"github.com/lilith/distlock/bench/internal/contest"
)

// A progress shows how a run goes: on a terminal one line that changes, elsewhere a
// line for each workload and every few seconds. It is for one goroutine.
type progress struct {
	out  io.Writer
	live bool
	now  func() time.Time

	chosen   []*contest.Workload
	budget   contest.Budget
	began    time.Time
	finished int           // workloads
	behind   time.Duration // the estimate of those
	total    time.Duration // the estimate of all

	workload string
	next     time.Time
	width    int // of the line that stands there, in characters
}

// plainEvery is how often a line is printed where it cannot be overwritten.
const plainEvery = 10 * time.Second

func newProgress(out io.Writer, chosen []*contest.Workload, b contest.Budget, now func() time.Time) *progress {
	file, ok := out.(*os.File)
	p := &progress{out: out, live: ok && isTerminal(file), now: now, chosen: chosen, budget: b, began: now()}
	for _, w := range chosen {
		p.total += w.Estimate(b)
	}
	return p
}

// begin tells what is to come.
func (p *progress) begin(dir string) error {
	_, err := fmt.Fprintf(p.out, "workloads %d, rounds %d, seed %d: %s, into %s\n",
		len(p.chosen), p.budget.Rounds, p.budget.Seed, roughly(p.total), dir)
	return err
}

// show tells of the turn that begins.
func (p *progress) show(t contest.Progress) {
	part := 0.0
	doing := "preparing"
	if t.Round > 0 {
		part = float64(t.Round-1) / float64(t.Of)
		doing = fmt.Sprintf("round %d of %d", t.Round, t.Of)
	}
	if t.Phase != "" {
		doing += ", " + t.Phase
	}
	line := fmt.Sprintf("[%d/%d] %s: %s", p.finished+1, len(p.chosen), t.Workload.Name, doing)
	more := ": " + t.Contestant
	left := p.left(t.Workload, part)
	if !p.live {
		if now := p.now(); t.Workload.Name != p.workload || !now.Before(p.next) {
			p.workload, p.next = t.Workload.Name, now.Add(plainEvery)
			_, _ = fmt.Fprintf(p.out, "%s%s  (%s left)\n", line, more, left)
		}
		return
	}
	line = fmt.Sprintf("%s  (%s left)%s", line, left, more)
	_, _ = fmt.Fprintf(p.out, "\r%-*s", p.width, line)
	p.width = utf8.RuneCountInString(line)
}

// left estimates what is to come, by how the estimate has done so far.
func (p *progress) left(w *contest.Workload, part float64) string {
	done := p.behind + time.Duration(part*float64(w.Estimate(p.budget)))
	rest := p.total - done
	const enough = 10 * time.Second // before that it has learnt nothing
	if took := p.now().Sub(p.began); done > 0 && took > enough {
		rest = time.Duration(float64(rest) * float64(took) / float64(done))
	}
	return roughly(rest)
}

// done counts a workload as measured.
func (p *progress) done(w *contest.Workload) {
	p.finished++
	p.behind += w.Estimate(p.budget)
}

// end leaves the last line standing.
func (p *progress) end() {
	if p.live && p.width > 0 {
		_, _ = fmt.Fprintln(p.out)
	}
	_, _ = fmt.Fprintf(p.out, "measured %d of %d workloads in %v\n", p.finished, len(p.chosen), p.now().Sub(p.began).Round(time.Second))
}

// isTerminal reports whether a line in file can be overwritten.
func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
