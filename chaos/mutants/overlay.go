package main

import (
	"encoding/json"
	"os"
	"path"
	"path/filepath"
	"strconv"
)

// An overlay is what "go build -overlay" reads: files of the tree, and those that
// stand in their place.
type overlay struct {
	Replace map[string]string
}

// writeOverlay writes texts, by the names of the files in the module at root whose
// place they take, and an overlay that puts them there, into dir. It returns the
// overlay's name.
func writeOverlay(texts map[string]string, root, dir string) (string, error) {
	replace := make(map[string]string, len(texts))
	for i, name := range sortedKeys(texts) {
		edited := filepath.Join(dir, strconv.Itoa(i)+"-"+path.Base(name))
		if err := os.WriteFile(edited, []byte(texts[name]), 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(root, filepath.FromSlash(name))] = edited
	}
	data, err := json.MarshalIndent(overlay{replace}, "", "\t")
	if err != nil {
		return "", err
	}
	name := filepath.Join(dir, "overlay.json")
	return name, os.WriteFile(name, data, 0o600)
}
