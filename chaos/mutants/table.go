package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// A table prints what became of mutants, a row each, as it is told.
type table struct {
	w      io.Writer
	width  int // of a name
	layers []Layer
	every  bool // a column for each layer
}

func newTable(w io.Writer, mutants []Mutant, layers []Layer, every bool) *table {
	t := &table{w: w, layers: layers, every: every, width: len("mutant")}
	for i := range mutants {
		t.width = max(t.width, len(mutants[i].Name))
	}
	return t
}

func (t *table) line(format string, args ...any) { _, _ = fmt.Fprintf(t.w, format+"\n", args...) }

func (t *table) head() {
	if t.every {
		t.line("%-*s  %s%7s  %s", t.width, "mutant", t.cells(func(l *Layer) string { return l.Name }), "time", "first")
		return
	}
	t.line("%-*s  %-10s  %7s  %5s  %s", t.width, "mutant", "killed by", "time", "seeds", "test or invariant")
}

// cells returns a column for each layer.
func (t *table) cells(text func(*Layer) string) string {
	var b strings.Builder
	for i := range t.layers {
		fmt.Fprintf(&b, "%-*s  ", max(len(t.layers[i].Name), 6), text(&t.layers[i]))
	}
	return b.String()
}

// row tells one mutant's fate.
func (t *table) row(trial *Trial) {
	by, layer, seeds := "", "SURVIVED", ""
	if f := trial.Broke(); f != nil {
		by, layer = fmt.Sprintf("%s, in layer %s:\n%s", f.By, f.Layer, indent(f.Output)), "BROKEN"
	} else if f := trial.Killer(); f != nil {
		by, layer = f.By, f.Layer
		if f.Seeds > 0 {
			seeds = fmt.Sprint(f.Seeds)
		}
	}
	if trial.Missed != nil {
		by += fmt.Sprintf("  (not %s, which it names: %s)", trial.Mutant.By, cmp.Or(trial.Missed.By, string(Survived)))
	}
	if t.every {
		t.line("%-*s  %s%7s  %s", t.width, trial.Mutant.Name, t.cells(trial.cell), seconds(trial.Elapsed()), by)
		return
	}
	t.line("%-*s  %-10s  %7s  %5s  %s", t.width, trial.Mutant.Name, layer, seconds(trial.Elapsed()), seeds, by)
}

// cell is the mutant's fate in one layer: a number of seeds, or a word.
func (t *Trial) cell(l *Layer) string {
	for _, f := range t.Findings {
		switch {
		case f.Layer != l.Name:
		case f.Outcome == Unmet:
			return "-"
		case f.Outcome == Survived:
			return "."
		case f.Seeds > 0:
			return fmt.Sprint(f.Seeds)
		default:
			return string(f.Outcome)
		}
	}
	return ""
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.1fs", d.Seconds()) }

// tree tells how a layer did on the unmodified tree.
func (t *table) tree(f *Finding) {
	if f.Outcome == Survived {
		t.line("%-*s  passes %s in %s", t.width, "(unmodified tree)", f.Layer, seconds(f.Elapsed))
		return
	}
	t.line("%-*s  FAILS %s: %s\n%s", t.width, "(unmodified tree)", f.Layer, f.By, indent(f.Output))
}

// indent sets off the last lines of what another program said.
func indent(output string) string {
	lines := strings.Split(strings.TrimSpace(output), "\n")
	lines = lines[max(len(lines)-40, 0):]
	return "\t" + strings.Join(lines, "\n\t")
}

// A record is what a whole run leaves behind.
type record struct {
	Mutants []mutantRecord `json:"mutants"`
	Tree    []Finding      `json:"tree"` // unmodified; none with --only
	Elapsed time.Duration  `json:"elapsed"`
}

type mutantRecord struct {
	Name     string        `json:"name"`
	File     string        `json:"file"`
	Breaks   string        `json:"breaks"`
	Killed   bool          `json:"killed"`
	Layer    string        `json:"layer,omitempty"`
	By       string        `json:"by,omitempty"`
	Seeds    int           `json:"seeds,omitempty"`
	Elapsed  time.Duration `json:"elapsed"`
	Findings []Finding     `json:"findings"`
}

// writeRecord writes what became of the mutants to a file, as JSON.
func writeRecord(name string, trials []Trial, tree []Finding, elapsed time.Duration) error {
	rec := record{Mutants: make([]mutantRecord, len(trials)), Tree: tree, Elapsed: elapsed}
	for i := range trials {
		t := &trials[i]
		m := mutantRecord{
			Name: t.Mutant.Name, File: t.Mutant.File, Breaks: t.Mutant.Breaks,
			Elapsed: t.Elapsed(), Findings: t.Findings,
		}
		if f := t.Killer(); f != nil {
			m.Killed, m.Layer, m.By, m.Seeds = true, f.Layer, f.By, f.Seeds
		}
		rec.Mutants[i] = m
	}
	data, err := json.MarshalIndent(rec, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(data, '\n'), 0o644)
}
