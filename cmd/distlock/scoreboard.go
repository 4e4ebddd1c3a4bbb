package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/lilith/distlock/chaos"
)

// A scoreboard shows how a run goes: on a terminal one line that changes, elsewhere a
// line every few seconds. Its methods are safe for concurrent use.
type scoreboard struct {
	out  io.Writer
	live bool
	now  func() time.Time

	mu    sync.Mutex
	next  time.Time
	phase string
	width int // of the line that stands there
}

// plainEvery is how often a scoreboard prints where it cannot overwrite.
const plainEvery = 5 * time.Second

func newScoreboard(out io.Writer, now func() time.Time) *scoreboard {
	file, ok := out.(*os.File)
	return &scoreboard{out: out, now: now, live: ok && isTerminal(file)}
}

// show shows the progress, if it is time for that.
func (b *scoreboard) show(p chaos.Progress) {
	line := fmt.Sprintf("%-8s %5.1fs of %.0fs  faults %d  acquired %d  violations %d",
		p.Phase, p.Elapsed.Seconds(), p.Of.Seconds(), p.Faults, p.Acquired, p.Violations)
	active := ""
	if len(p.Active) > 0 {
		active = "  now: " + strings.Join(p.Active, ", ")
	}
	b.print(p.Phase, line, active)
}

// print shows a line, and on a terminal what more there is room for.
func (b *scoreboard) print(phase, line, more string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.live {
		const room = 100
		if len(line)+len(more) > room {
			more = more[:max(room-len(line)-1, 0)] + "…"
		}
		line += more
		_, _ = fmt.Fprintf(b.out, "\r%-*s", b.width, line)
		b.width = len(line)
		return
	}
	if now := b.now(); phase != b.phase || !now.Before(b.next) {
		b.phase, b.next = phase, now.Add(plainEvery)
		_, _ = fmt.Fprintln(b.out, line)
	}
}

// end leaves the last line standing.
func (b *scoreboard) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.live && b.width > 0 {
		_, _ = fmt.Fprintln(b.out)
	}
}

// isTerminal reports whether a line in file can be overwritten.
func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
