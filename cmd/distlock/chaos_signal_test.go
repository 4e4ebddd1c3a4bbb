//go:build unix

package main

import (
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnInterruptEndsAChaosRunWithTheReportSoFar(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := runs(t, "sh", "-c", `cd "$1" && shift && exec "$@"`, "sh", dir, binary,
		"chaos", "--seed", "8", "--duration", "10m", "--nodes", "3")
	for !strings.HasPrefix(s.line(), "faults") {
	}
	s.signal(syscall.SIGINT)
	stdout, _ := s.endsWith(0)
	require.Contains(t, strings.Join(stdout, "\n"), "No violation found")
	require.NotEmpty(t, readReport(t, dir).Stopped)
}

func TestAnInterruptEndsASimulationWithWhatItHas(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := runs(t, "sh", "-c", `cd "$1" && shift && exec "$@"`, "sh", dir, binary,
		"chaos", "--simulate", "--seed", "1", "--seeds", "1000000", "--jobs", "2")
	for !strings.Contains(s.line(), " of 1000000 seeds") {
	}
	s.signal(syscall.SIGINT)
	stdout, _ := s.endsWith(0)
	require.Contains(t, strings.Join(stdout, "\n"), "No violation found")
	report := readReport(t, dir)
	require.NotEmpty(t, report.Stopped)
	require.Positive(t, report.Seeds)
}
