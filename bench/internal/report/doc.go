// Package report tells what a run measured: as Markdown with figures beside it, and
// as JSON from which the same report can be written again without measuring.
package report
