package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEachMutantAppliesToTheTreeAsItIs(t *testing.T) {
	mutants := catalogue()
	require.GreaterOrEqual(t, len(mutants), 36)
	root := filepath.Join("..", "..")
	texts := make(map[string]string)
	for _, m := range mutants {
		text, err := m.PlantIn(root)
		require.NoError(t, err)
		require.NotEqual(t, m.Old, m.New, m.Name)
		if twin, known := texts[text]; known {
			t.Errorf("%s and %s are one mutant", m.Name, twin)
		}
		texts[text] = m.Name
	}
}

func TestEachMutantHasANameOfItsOwnAndBreaksSomething(t *testing.T) {
	known := make(map[string]bool)
	for _, m := range catalogue() {
		require.Regexp(t, regexp.MustCompile(`^[a-z]+(-[a-z]+)+$`), m.Name)
		require.False(t, known[m.Name], m.Name)
		known[m.Name] = true
		require.NotEmpty(t, m.Breaks, m.Name)
		if m.NotBy != "" {
			_, err := chooseLayers(layers(1), []string{m.NotBy})
			require.NoError(t, err, m.Name)
		}
	}
}

func TestEachMutantNamesWhoFindsItAndThatIsThere(t *testing.T) {
	declared := make(map[string]string)
	for _, m := range catalogue() {
		name, test := m.killer()
		found, err := chooseLayers(layers(1), []string{name})
		require.NoError(t, err, m.Name)
		require.NotEqual(t, m.NotBy, name, m.Name)
		if declared[name] == "" {
			declared[name] = testsOf(t, found[0].Packages)
		}
		top, _, _ := strings.Cut(test, "/")
		require.True(t, top == "" || strings.Contains(declared[name], "func "+top+"("), "%s: nobody is called %s", m.Name, m.By)
	}
}

// testsOf returns the text of all test files of packages.
func testsOf(t *testing.T, packages []string) string {
	t.Helper()
	var all strings.Builder
	for _, p := range packages {
		files, err := filepath.Glob(filepath.Join("..", "..", filepath.FromSlash(p), "*_test.go"))
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			all.Write(text)
		}
	}
	return all.String()
}

func TestTheCatalogueReachesEveryPartOfTheLibrary(t *testing.T) {
	packages := make(map[string]int)
	for _, m := range catalogue() {
		packages[m.Package("m")]++
	}
	for _, p := range []string{"m", "m/single", "m/redlock", "m/internal/node", "m/internal/scripts", "m/internal/clock"} {
		require.Positive(t, packages[p], p)
	}
}

func TestAMutantWhoseTextIsGoneOrTwiceThereIsStale(t *testing.T) {
	m := Mutant{Name: "off-by-one", File: "f.go", Old: "n/2 + 1", New: "n/2"}
	text, err := m.Plant("return n/2 + 1 }")
	require.NoError(t, err)
	require.Equal(t, "return n/2 }", text)

	_, err = m.Plant("return majority(n)")
	require.ErrorContains(t, err, "stale mutant off-by-one")
	_, err = m.Plant("a := n/2 + 1; b := n/2 + 1")
	require.ErrorContains(t, err, "occurs 2 times")
	_, err = m.PlantIn(t.TempDir())
	require.ErrorContains(t, err, "stale mutant off-by-one")
}
