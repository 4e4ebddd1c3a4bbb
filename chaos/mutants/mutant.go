package main

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// A Mutant is a bug to be planted: in File, New stands in the place of Old.
type Mutant struct {
	Name string // kebab-case, unique
	File string // slash-separated, from the module's root

	// Old is exact text that occurs once in File. Where it does not, the code has
	// moved on and the mutant is stale, which is an error: it would test nothing.
	Old, New string

	Breaks string // the promise that it breaks, in words

	// By is who is known to find it, and is asked first: a layer, or one of its tests, as
	// layer/TestX or layer/TestX/y. Where that does not, all layers are tried.
	By string

	// NotBy is a layer that is of no use, and is not tried: a loop without a pause is busy
	// in virtual time too.
	NotBy string
}

// catalogue returns all mutants.
func catalogue() []Mutant {
	return slices.Concat(inScripts, inEngine, inLease, inQuorum, inNode, inWaiting, inWakeUps)
}

// Plant returns what the mutant's file becomes where source is its text, or an
// error where the mutant is stale.
func (m *Mutant) Plant(source string) (string, error) {
	if n := strings.Count(source, m.Old); n != 1 {
		return "", fmt.Errorf("stale mutant %s: its text must occur once in %s, and occurs %d times:\n%s", m.Name, m.File, n, m.Old)
	}
	return strings.Replace(source, m.Old, m.New, 1), nil
}

// PlantIn reads the mutant's file in the module at root and returns the edited text.
func (m *Mutant) PlantIn(root string) (string, error) {
	source, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(m.File)))
	if err != nil {
		return "", fmt.Errorf("stale mutant %s: %w", m.Name, err)
	}
	return m.Plant(string(source))
}

// Package returns the import path of the package that the file belongs to.
func (m *Mutant) Package(module string) string { return path.Join(module, path.Dir(m.File)) }

// killer returns the layer, and the test in it, that By names.
func (m *Mutant) killer() (layer, test string) {
	layer, test, _ = strings.Cut(m.By, "/")
	return layer, test
}

// InLua reports whether the mutant is in a script.
func (m *Mutant) InLua() bool { return path.Ext(m.File) == ".lua" }

// choose returns the mutants of those names, or all where there are none.
func choose(all []Mutant, names []string) ([]Mutant, error) {
	if len(names) == 0 {
		return all, nil
	}
	chosen := make([]Mutant, 0, len(names))
	for _, name := range names {
		i := slices.IndexFunc(all, func(m Mutant) bool { return m.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("no mutant is called %q: --list names them", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}
