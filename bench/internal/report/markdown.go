package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/lilith/distlock/bench/internal/contest"
	"github.com/lilith/distlock/bench/internal/figure"
	"github.com/lilith/distlock/bench/internal/peer"
)

// WriteMarkdown writes the report. The figures are expected beside it.
func (r *Record) WriteMarkdown(w io.Writer, figures []figure.Figure) error {
	p := &page{}
	p.head(r)
	p.machine(r)
	p.targets(r)
	for _, chapter := range contest.Chapters(r.Results) {
		p.chapter(chapter, figures)
	}
	p.contestants(r)
	_, err := io.WriteString(w, p.String())
	return err
}

// A page is the report as it is written.
type page struct{ strings.Builder }

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *page) head(r *Record) {
	p.line("# distlock beside other locks on Redis\n")
	p.line("All contestants ran on the same redis-servers, in rounds in which each had one turn in")
	p.line("random order, so that what the machine did meanwhile met all of them. A figure is the")
	p.line("median of the rounds with its quartiles in brackets. A ratio (×) is taken within each")
	p.line("round: it stands where the machine's times drift, and is what to compare. Absolute")
	p.line("values are this machine's.\n")
	p.line("Written by `%s`; see `--help` there.\n", r.Command)
	if r.Stopped != "" {
		p.line("**This run ended early: %s.** What follows is what it had measured by then.\n", clean(r.Stopped))
	}
	for _, s := range r.Skipped {
		p.line("Left out: %s.\n", clean(s))
	}
}

func (p *page) machine(r *Record) {
	m := r.Machine
	p.line("| | |\n|---|---|")
	row := func(name, value string) {
		if value != "" {
			p.line("| %s | %s |", name, clean(value))
		}
	}
	row("date", r.Began.UTC().Format("2006-01-02 15:04 UTC")+", "+r.Took.Round(time.Second).String())
	row("processor", fmt.Sprintf("%s, %d cores", m.CPU, m.Cores))
	row("system", strings.TrimSpace(m.System+" "+m.Kernel))
	row("load before", m.Load)
	row("Go", m.Go)
	row("redis-server", m.Redis)
	row("distlock", m.Revision)
	for _, path := range peers {
		row(path, m.Modules[path])
	}
	row("rounds", fmt.Sprintf("%d (fewer where a turn takes long), seed %d", r.Budget.Rounds, r.Budget.Seed))
	p.line("")
}

func (p *page) targets(r *Record) {
	all := Targets()
	measured := slices.ContainsFunc(all, func(t Target) bool { s, _ := t.verdict(r.Results); return s.Known() })
	if !measured {
		return
	}
	p.line("## Targets\n")
	p.line("What the library is meant to reach, computed from this run. Where it does not, the same\n" +
		"figure of the least that is known to be had over go-redis, or on such a network.\n")
	p.line("| workload | figure | target | measured | |\n|---|---|---|---|---|")
	reached, known := 0, 0
	for _, t := range all {
		s, verdict := t.verdict(r.Results)
		sign := "≤"
		if t.AtLeast {
			sign = "≥"
		}
		p.line("| %s | %s | %s %s | %s | %s |", t.Workload, clean(t.What), sign, t.Format(t.Bound), spread(s, t.Format), verdict)
		if s.Known() {
			known++
			if t.Reached(s) {
				reached++
			}
		}
	}
	p.line("\n%d of %d reached.\n", reached, known)
}

func (p *page) chapter(c contest.Chapter, figures []figure.Figure) {
	p.line("## %s\n", c.Name)
	p.figures(figures, c.Name, "")
	about := ""
	for _, r := range c.Results {
		w := r.Workload
		p.line("### %s\n", w.Title)
		if w.About != about {
			about = w.About
			p.line("%s\n", about)
		}
		p.table(r)
		p.notes(r)
		p.figures(figures, c.Name, w.Name)
	}
}

func (p *page) figures(all []figure.Figure, chapter, workload string) {
	for _, f := range all {
		if f.Chapter == chapter && f.Workload == workload {
			p.line("![%s](%s)\n", clean(f.Alt), f.File)
		}
	}
}

// notes tell what went wrong, and by whom.
func (p *page) notes(r *contest.Result) {
	wrong := false
	for _, e := range r.Entries {
		if e.Err != "" {
			wrong = true
			p.line("- %s: %s", e.Name, shorten(clean(strings.ReplaceAll(e.Err, "\n", "; "))))
		}
	}
	if wrong {
		p.line("")
	}
}

func (p *page) contestants(r *Record) {
	var named []peer.Contestant
	for _, result := range r.Results {
		for _, c := range result.Workload.Contestants {
			if !slices.ContainsFunc(named, func(n peer.Contestant) bool { return n.Name == c.Name }) {
				named = append(named, c)
			}
		}
	}
	if len(named) == 0 {
		return
	}
	p.line("## Contestants\n")
	for _, c := range named {
		p.line("- **%s**: %s.", c.Name, c.About)
	}
}

// clean keeps text from ending a line or a cell of a table.
func clean(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}

// shorten keeps the beginning of what a contestant has to say.
func shorten(text string) string {
	const most = 240
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most]) + " …"
	}
	return text
}
