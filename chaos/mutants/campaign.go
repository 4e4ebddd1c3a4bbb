package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// A Trial is what became of one mutant.
type Trial struct {
	Mutant   Mutant
	Findings []Finding // of each layer tried, in their order

	// Missed is what the one that the mutant names says, where it does not find it.
	Missed *Finding
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

// Elapsed is what all layers took, and builds of the mutant's own.
func (t *Trial) Elapsed() (sum time.Duration) {
	if t.Missed != nil {
		sum = t.Missed.Elapsed
	}
	for _, f := range t.Findings {
		sum += f.Elapsed
	}
	return sum
}

// A campaign tries mutants on layers.
type campaign struct {
	tool    *goTool
	shared  *build         // of all mutants that can be
	numbers map[string]int // of those, by name
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
	if err := c.prepare(ctx, mutants); err != nil {
		return nil, nil, err
	}
	defer c.shared.close()
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
	// The unmodified tree first, longest layers first: none is left over for the end.
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

// check runs a layer on the unmodified tree: the build that all mutants share, with none
// of them chosen.
func (c *campaign) check(ctx context.Context, l *Layer) (Finding, error) {
	f := l.test(ctx, &subject{build: c.shared}, "", c.deps)
	if f.Outcome == Broken && ctx.Err() == nil {
		return f, fmt.Errorf("the unmodified tree, layer %s: %s\n%s", l.Name, f.By, f.Output)
	}
	return f, ctx.Err()
}

// try chooses the mutant, or builds it where it is not in the shared build, and has the
// layers look for it: the one that it names, and where that does not find it, or
// every layer is wanted, all in their order.
func (c *campaign) try(ctx context.Context, m *Mutant) (Trial, error) {
	t := Trial{Mutant: *m}
	s := &subject{c.shared, m, c.numbers[m.Name]}
	if s.number == 0 {
		text, err := m.PlantIn(c.tool.root)
		if err != nil {
			return t, err
		}
		if s.build, err = c.tool.newBuild(map[string]string{m.File: text}); err != nil {
			return t, err
		}
		defer s.close()
	}
	if c.asNamed(ctx, s, &t); ctx.Err() == nil && len(t.Findings) == 0 {
		c.inOrder(ctx, s, &t)
	}
	return t, ctx.Err()
}

// asNamed tries the layer, or the test, that the mutant names.
func (c *campaign) asNamed(ctx context.Context, s *subject, t *Trial) {
	name, test := s.mutant.killer()
	i := slices.IndexFunc(c.layers, func(l Layer) bool { return l.Name == name })
	if c.every || i < 0 {
		return
	}
	f := c.layers[i].test(ctx, s, test, c.deps)
	if f.Outcome == Killed {
		t.Findings = []Finding{f}
		return
	}
	t.Missed = &f
}

// inOrder tries the layers in their order.
func (c *campaign) inOrder(ctx context.Context, s *subject, t *Trial) {
	for i := range c.layers {
		l := &c.layers[i]
		if l.Name == s.mutant.NotBy || !l.compiles(s.mutant.Package(c.tool.module), c.deps) {
			t.Findings = append(t.Findings, Finding{Layer: l.Name, Outcome: Unmet})
			continue
		}
		f := l.test(ctx, s, "", c.deps)
		t.Findings = append(t.Findings, f)
		if ctx.Err() != nil || f.Outcome == Broken || f.Outcome == Killed && !c.every {
			return
		}
	}
}
