package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestListNamesEachMutantAndWhatItBreaks(t *testing.T) {
	var out, complaints bytes.Buffer
	require.Zero(t, execute([]string{"mutants", "--list"}, &out, &complaints))
	require.Empty(t, complaints.String())
	for _, m := range catalogue() {
		require.Contains(t, out.String(), m.Name+" ")
		require.Contains(t, out.String(), m.Breaks)
	}
}

func TestWhatCannotBeRunIsToldBeforeAnythingIsBuilt(t *testing.T) {
	for _, args := range [][]string{
		{"--only", "no-such-mutant"},
		{"--layer", "no-such-layer"},
		{"--seeds", "0"},
		{"--jobs", "0"},
		{"--no-such-flag"},
	} {
		var out, complaints bytes.Buffer
		require.Equal(t, exitCannot, execute(append([]string{"mutants"}, args...), &out, &complaints), args)
		require.Contains(t, complaints.String(), "mutants: ", args)
	}
}
