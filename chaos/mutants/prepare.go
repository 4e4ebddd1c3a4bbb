package main

import (
	"context"
	"errors"
	"maps"
	"slices"
)

// prepare makes the build that mutants share, and the binaries that are sure to be
// wanted. A mutant that the compiler complains of is left to a build of its own, where
// its row tells why.
func (c *campaign) prepare(ctx context.Context, mutants []Mutant) error {
	without := make(map[string]bool)
	for {
		s, err := newSchema(c.tool.root, mutants, without)
		if err != nil {
			return err
		}
		if c.shared, err = c.tool.newBuild(s.overlay()); err != nil {
			return err
		}
		c.numbers = s.numbers
		if err = c.shared.make(ctx, c.wanted(mutants)); err == nil {
			return nil
		}
		c.shared.close()
		var failed *errDoesNotBuild
		if !errors.As(err, &failed) {
			return err
		}
		known := len(without)
		maps.Copy(without, blamed(failed.output))
		if len(without) == known {
			return err // no mutant's fault
		}
	}
}

// wanted returns the packages whose tests are sure to be run: of all layers, or, where
// few mutants are tried and each names its layer, of those.
func (c *campaign) wanted(mutants []Mutant) []string {
	all := c.control || c.every
	named := make(map[string]bool)
	for i := range mutants {
		name, _ := mutants[i].killer()
		named[name] = true
		all = all || !slices.ContainsFunc(c.layers, func(l Layer) bool { return l.Name == name })
	}
	var packages []string
	for i := range c.layers {
		if all || named[c.layers[i].Name] {
			packages = append(packages, c.layers[i].Packages...)
		}
	}
	slices.Sort(packages)
	return slices.Compact(packages)
}
