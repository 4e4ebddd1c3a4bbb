package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
)

// A Trial is what became of one mutant.
type Trial struct {
	Mutant   Mutant
	Findings []Finding // of each layer tried, in their order
}

// Killer returns the finding that killed the mutant, or nil.
func (t *Trial) Killer() *Finding {
	for i := range t.Findings {
		if t.Findings[i].Outcome == Killed {
			return &t.Findings[i]
		}
	}
	return nil
}

// Broke returns the finding that could not be made, or nil.
func (t *Trial) Broke() *Finding {
	for i := range t.Findings {
		if t.Findings[i].Outcome == Broken {
			return &t.Findings[i]
		}
	}
	return nil
}

// Elapsed is what all layers took, building included.
func (t *Trial) Elapsed() (sum time.Duration) {
	for _, f := range t.Findings {
		sum += f.Elapsed
	}
	return sum
}

// A campaign tries mutants on layers.
type campaign struct {
	tool    *goTool
	layers  []Layer
	deps    map[string]map[string]bool
	every   bool // every layer, not only until the first kill
	control bool // the unmodified tree too
	jobs    int

	// tried and sound are told each result as it comes, one at a time.
	tried func(*Trial)
	sound func(*Finding) // of the unmodified tree
}

// run tries all mutants, jobs at a time, and returns the trials in their order and
// what the layers say of the unmodified tree. The error is one of the machinery;
// it is not told of mutants.
func (c *campaign) run(ctx context.Context, mutants []Mutant) ([]Trial, []Finding, error) {
	trials := make([]Trial, len(mutants))
	var control []Finding
	if c.control {
		control = make([]Finding, len(c.layers))
	}
	said := make(chan func())
	var printer errgroup.Group
	printer.Go(func() error {
		for say := range said {
			say()
		}
		return nil
	})
	work, working := errgroup.WithContext(ctx)
	work.SetLimit(c.jobs)
	// The unmodified tree first, longest layers first: they fill the build cache, and
	// none is left over for the end.
	for i := len(control) - 1; i >= 0; i-- {
		work.Go(func() (err error) {
			control[i], err = c.check(working, &c.layers[i])
			f := control[i]
			said <- func() { c.sound(&f) }
			return err
		})
	}
	for i := range mutants {
		work.Go(func() (err error) {
			trials[i], err = c.try(working, &mutants[i])
			said <- func() { c.tried(&trials[i]) }
			return err
		})
	}
	err := work.Wait()
	for i := range control {
		if err == nil {
			err = c.recheck(ctx, &c.layers[i], &control[i], said)
		}
	}
	close(said)
	_ = printer.Wait() // it returns nil
	return trials, control, err
}

// rechecks is how often a layer may try again.
const rechecks = 2

// recheck has a layer that failed on the unmodified tree try again, now that nothing
// else runs: a test of real time fails where compilers take all the processors, and what
// the tree breaks fails each time.
func (c *campaign) recheck(ctx context.Context, l *Layer, f *Finding, said chan<- func()) (err error) {
	for range rechecks {
		if f.Outcome != Killed || err != nil {
			break
		}
		var again Finding
		again, err = c.check(ctx, l)
		*f = again
		said <- func() { c.sound(&again) }
	}
	return err
}

// check runs a layer on the unmodified tree.
func (c *campaign) check(ctx context.Context, l *Layer) (Finding, error) {
	dir, err := os.MkdirTemp("", "distlock-tree-")
	if err != nil {
		return Finding{}, err
	}
	defer os.RemoveAll(dir)
	f := c.tool.test(ctx, l, nil, "", dir)
	if f.Outcome == Broken && ctx.Err() == nil {
		return f, fmt.Errorf("the unmodified tree, layer %s: %s\n%s", l.Name, f.By, f.Output)
	}
	return f, ctx.Err()
}

// try plants the mutant and tries the layers in their order.
func (c *campaign) try(ctx context.Context, m *Mutant) (Trial, error) {
	t := Trial{Mutant: *m}
	dir, err := os.MkdirTemp("", "distlock-mutant-")
	if err != nil {
		return t, err
	}
	defer os.RemoveAll(dir)
	overlay, err := writeOverlay(m, c.tool.root, dir)
	if err != nil {
		return t, err
	}
	for i := range c.layers {
		l := &c.layers[i]
		if l.Name == m.NotBy || !l.compiles(m.Package(c.tool.module), c.deps) {
			t.Findings = append(t.Findings, Finding{Layer: l.Name, Outcome: Unmet})
			continue
		}
		f := c.tool.test(ctx, l, m, overlay, dir)
		if ctx.Err() != nil {
			return t, ctx.Err()
		}
		t.Findings = append(t.Findings, f)
		if f.Outcome == Broken || f.Outcome == Killed && !c.every {
			break
		}
	}
	return t, nil
}
