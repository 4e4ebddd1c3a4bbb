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
	room func() int // what a line may be wide; nil where lines cannot be overwritten
	now  func() time.Time

	mu     sync.Mutex
	next   time.Time
	phase  string
	stands bool // a line that will be overwritten
}

// usualWidth is a terminal's where it does not tell.
const usualWidth = 80

// plainEvery is how often a scoreboard prints where it cannot overwrite.
const plainEvery = 5 * time.Second

func newScoreboard(out io.Writer, now func() time.Time) *scoreboard {
	b := &scoreboard{out: out, now: now}
	if file, ok := out.(*os.File); ok && isTerminal(file) {
		b.room = func() int { return terminalWidth(file) - 1 } // a full line would wrap
	}
	return b
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

// print shows a line, and on a terminal, as far as there is room, more.
func (b *scoreboard) print(phase, line, more string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.room != nil {
		text := []rune(line + more)
		if room := max(b.room(), 1); len(text) > room {
			text = append(text[:room-1], '…')
		}
		const clear = "\x1b[K" // to the line's end
		_, _ = fmt.Fprintf(b.out, "\r%s%s", string(text), clear)
		b.stands = true
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
	if b.stands {
		_, _ = fmt.Fprintln(b.out)
	}
}

// isTerminal reports whether a line in file can be overwritten.
func isTerminal(file *os.File) bool {
	info, err := file.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}
