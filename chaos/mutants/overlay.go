package main

import (
	"encoding/json"
	"os"
	"path/filepath"
)

// An overlay is what "go build -overlay" reads: files of the tree, and those that
// stand in their place.
type overlay struct {
	Replace map[string]string
}

// writeOverlay writes the mutant's edited file, and an overlay that puts it into
// the module at root, into dir. It returns the overlay's name.
func writeOverlay(m *Mutant, root, dir string) (string, error) {
	text, err := m.PlantIn(root)
	if err != nil {
		return "", err
	}
	edited := filepath.Join(dir, filepath.Base(filepath.FromSlash(m.File)))
	if err := os.WriteFile(edited, []byte(text), 0o600); err != nil {
		return "", err
	}
	real := filepath.Join(root, filepath.FromSlash(m.File))
	data, err := json.MarshalIndent(overlay{map[string]string{real: edited}}, "", "\t")
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, data, 0o600)
}
