package main

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// A Layer is a set of tests that may kill a mutant.
type Layer struct {
	Name     string
	Packages []string // from the module's root, tested one after the other
	Run      string   // pattern of the tests to run; all where empty
	Skip     string   // pattern of tests to leave out
	Env      []string
	Bound    time.Duration // of one package's tests: beyond, they hang

	// Scripts is what to run in place of Run for a mutant of a Lua script: what Run
	// names has nodes in plain Go, to which a script that says something else is
	// nothing. Run where empty.
	Scripts string
}

// pattern returns the pattern of the tests that run what the mutant changes; nil is
// the unmodified tree.
func (l *Layer) pattern(m *Mutant) string {
	switch {
	case l.Scripts == "" || m != nil && !m.InLua():
		return l.Run
	case m == nil:
		return l.Run + "|" + l.Scripts
	default:
		return l.Scripts
	}
}

// conformance is the engine's slowest test: one table over every kind of store.
const conformance = "^TestConformance$"

// slow is how long a layer may take on a machine that has much else to do: five times
// what the slowest takes on an idle one. What is beyond counts as a hang, and so as a
// kill; no mutant should need that, as it costs as long.
const slow = 3 * time.Minute

// layers returns the layers in the order in which they are tried. The simulation
// stops after so many seeds.
func layers(seeds int) []Layer {
	return []Layer{
		{
			Name:     "simulation",
			Packages: []string{"./chaos/sim"},
			Run:      "^TestSimulatedSeeds$",
			Env:      []string{"DISTLOCK_SEEDS=" + strconv.Itoa(seeds)},
			Bound:    slow,
			Scripts:  "^TestSimulatedSeedsOnMiniredis$",
		},
		{Name: "scripts", Packages: []string{"./internal/scripts"}, Bound: slow},
		{Name: "engine", Packages: []string{".", "./internal/clock"}, Skip: conformance, Bound: slow},
		{
			Name:     "node",
			Packages: []string{"./internal/node"},
			// A server that refuses a request before it has read it all may reset the
			// connection before its answer is read: a second copy goes out then, and the
			// test, which allows for none, fails once in a while.
			Skip:  "WhatRetryingCannotMendIsRejected/no_password_for_a_long_request",
			Bound: slow,
		},
		{
			Name:     "quorum",
			Packages: []string{"./redlock", "./single"},
			// A random run of ten seconds, and one that measures: what the others miss
			// is for the simulation to find.
			Skip:  "UnderRandomStops|^TestLatency",
			Bound: slow,
		},
		{Name: "conformance", Packages: []string{"."}, Run: conformance, Bound: slow},
		{Name: "embedded", Packages: []string{"./chaos"}, Bound: 2 * slow},
	}
}

// compiles reports whether one of the layer's packages is built from pkg; deps
// are those of each package.
func (l *Layer) compiles(pkg string, deps map[string]map[string]bool) bool {
	for _, p := range l.Packages {
		if deps[p][pkg] {
			return true
		}
	}
	return false
}

// chooseLayers returns the layers of those names, or all where there are none.
func chooseLayers(all []Layer, names []string) ([]Layer, error) {
	if len(names) == 0 {
		return all, nil
	}
	chosen := slices.DeleteFunc(slices.Clone(all), func(l Layer) bool { return !slices.Contains(names, l.Name) })
	if len(chosen) < len(names) {
		return nil, fmt.Errorf("one of these layers there is not: %q", names)
	}
	return chosen, nil
}
