package report

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/lilith/distlock/bench/internal/figure"
)

// The names of the files of a report.
const (
	MarkdownFile = "REPORT.md"
	ResultsFile  = "results.json"
)

// Write writes the report, its figures and the results into a directory, which it
// makes if need be. Other files there stay as they are.
func (r *Record) Write(dir string) error {
	figures, err := figure.All(r.Results)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("the report's directory: %w", err)
	}
	for _, f := range figures {
		if err := os.WriteFile(filepath.Join(dir, f.File), f.SVG, 0o644); err != nil {
			return fmt.Errorf("a figure of the report: %w", err)
		}
	}
	return errors.Join(
		writeFile(filepath.Join(dir, MarkdownFile), func(f *os.File) error { return r.WriteMarkdown(f, figures) }),
		writeFile(filepath.Join(dir, ResultsFile), func(f *os.File) error { return r.Save(f) }))
}

func writeFile(name string, write func(*os.File) error) error {
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("the report: %w", err)
	}
	if err := errors.Join(write(f), f.Close()); err != nil {
		return fmt.Errorf("the report %s: %w", name, err)
	}
	return nil
}
