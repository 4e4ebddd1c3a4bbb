package main

import (
	"cmp"
	"errors"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
)

// A schema is a tree in which many mutants are planted at once, each under its number;
// the environment chooses one when the tests are run.
type schema struct {
	root       string
	files      map[string]*weft      // by name, from the module's root
	embeddings map[string]*embedding // by the embedded file's
	numbers    map[string]int        // of the mutants in it, by name
}

// newSchema plants all mutants that can share a build, but those left out.
func newSchema(root string, mutants []Mutant, without map[string]bool) (*schema, error) {
	s := &schema{root, make(map[string]*weft), make(map[string]*embedding), make(map[string]int)}
	for i := range mutants {
		m := &mutants[i]
		if without[m.Name] {
			continue
		}
		err := s.plant(i+1, m)
		if errors.Is(err, errOwnBuild) {
			continue
		}
		if err != nil {
			return nil, err
		}
		s.numbers[m.Name] = i + 1
	}
	for _, name := range sortedKeys(s.embeddings) {
		e := s.embeddings[name]
		w, err := s.weft(path.Join(path.Dir(name), e.file))
		if err != nil {
			return nil, err
		}
		w.weaveText(e)
	}
	return s, nil
}

func (s *schema) plant(number int, m *Mutant) error {
	text, err := m.PlantIn(s.root)
	switch {
	case err != nil:
		return err
	case path.Ext(m.File) == ".go":
		w, err := s.weft(m.File)
		if err != nil {
			return err
		}
		return w.weave(number, m, text)
	}
	e := s.embeddings[m.File]
	if e == nil {
		e, err = embeddingOf(filepath.Join(s.root, filepath.FromSlash(path.Dir(m.File))), path.Base(m.File))
		if err != nil {
			return err
		}
		s.embeddings[m.File] = e
	}
	e.texts[number] = text
	return nil
}

func (s *schema) weft(name string) (*weft, error) {
	if w := s.files[name]; w != nil {
		return w, nil
	}
	text, err := os.ReadFile(filepath.Join(s.root, filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	parsed, err := parse(name, string(text))
	if err != nil {
		return nil, err
	}
	w := &weft{source: parsed}
	s.files[name] = w
	return w, nil
}

// overlay returns the texts of the files that differ from the tree's, by name.
func (s *schema) overlay() map[string]string {
	texts := make(map[string]string)
	for name, w := range s.files {
		if len(w.inserts) == 0 {
			continue
		}
		texts[name] = w.String()
		texts[path.Join(path.Dir(name), chooserFile)] = chooser(w.file.Name.Name)
	}
	return texts
}

// complaint matches what the compiler says of a mutant's copies.
var complaint = regexp.MustCompile(`mutant_([a-z-]+)\.go:\d+`)

// blamed returns the mutants that a compiler complains of.
func blamed(output string) map[string]bool {
	names := make(map[string]bool)
	for _, match := range complaint.FindAllStringSubmatch(output, -1) {
		names[match[1]] = true
	}
	return names
}

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
