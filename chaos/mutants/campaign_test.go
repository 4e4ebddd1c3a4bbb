package main

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// tryOn runs a campaign on the small library.
func tryOn(t *testing.T, mutants []Mutant, every bool) ([]Trial, string, error) {
	t.Helper()
	tool := &goTool{write(t, library), "example.com/library"}
	c := &campaign{
		tool: tool, every: every, control: true, jobs: 2,
		layers: []Layer{
			{Name: "first", Packages: []string{"./word"}, Run: "Twice", Bound: graceful},
			{Name: "second", Packages: []string{"./word"}, Bound: graceful},
		},
	}
	var err error
	c.deps, err = tool.deps(t.Context(), []string{"./word"})
	require.NoError(t, err)
	var out bytes.Buffer
	table := newTable(&out, mutants, c.layers, every)
	c.tried, c.sound = table.row, table.tree
	trials, tree, err := c.run(t.Context(), mutants)
	require.NoError(t, err, "the machinery works")
	return trials, out.String(), conclude(table, trials, tree, 0)
}

func TestEachMutantIsTriedUntilALayerKillsIt(t *testing.T) {
	trials, out, err := tryOn(t, []Mutant{
		{Name: "once", File: "word/word.go", Old: "Word + Word", New: "Word", Breaks: "twice is twice"},
		{Name: "freed", File: "word/say.lua", Old: "held", New: "free", Breaks: "the word is held"},
	}, false)
	require.NoError(t, err)
	require.Equal(t, "first", trials[0].Killer().Layer)
	require.Len(t, trials[0].Findings, 1)
	require.Equal(t, "second", trials[1].Killer().Layer)
	require.Contains(t, out, "passes second")
	require.Regexp(t, `once +first +[\d.]+s +TestTwiceIsTwice`, out)
}

func TestEveryLayerIsAskedWhereAllAreWanted(t *testing.T) {
	trials, out, err := tryOn(t, []Mutant{
		{Name: "once", File: "word/word.go", Old: "Word + Word", New: "Word", Breaks: "twice is twice"},
	}, true)
	require.NoError(t, err)
	require.Len(t, trials[0].Findings, 2)
	require.Regexp(t, `once +killed +killed`, out)
}

func TestASurvivorAndWhatDoesNotBuildAreTold(t *testing.T) {
	_, out, err := tryOn(t, []Mutant{
		{Name: "the-same", File: "word/word.go", Old: "Word + Word", New: "Word + Word + \"\"", Breaks: "nothing"},
	}, false)
	require.ErrorIs(t, err, errSurvived)
	require.Contains(t, out, "SURVIVED")

	_, out, err = tryOn(t, []Mutant{
		{Name: "no-go", File: "word/word.go", Old: "Word + Word", New: "Wort", Breaks: "the build"},
	}, false)
	require.ErrorContains(t, err, "could not be tried")
	require.NotErrorIs(t, err, errSurvived)
	require.Contains(t, out, "undefined: Wort")
}

func TestALayerThatDoesNotCompileTheFileIsNotTried(t *testing.T) {
	l := Layer{Packages: []string{"./a", "./b"}}
	deps := map[string]map[string]bool{"./a": {"m/a": true}, "./b": {"m/b": true, "m/c": true}}
	require.True(t, l.compiles("m/c", deps))
	require.False(t, l.compiles("m/d", deps))
}

func TestALayerThatFailsOnTheUnmodifiedTreeTriesAgainAlone(t *testing.T) {
	once := write(t, map[string]string{
		"go.mod": "module example.com/library\n\ngo 1.26\n",
		"a/a.go": "package a\n",
		"b/b.go": "package b\n",
		"a/a_test.go": `package a

import (
	"os"
	"testing"
)

func TestFailsOnce(t *testing.T) {
	if _, err := os.Stat("been"); err != nil {
		t.Fatal(os.WriteFile("been", nil, 0o600))
	}
}
`,
		"b/b_test.go": "package b\n\nimport \"testing\"\n\nfunc TestFails(t *testing.T) { t.Fatal() }\n",
	})
	tool := &goTool{once, "example.com/library"}
	c := &campaign{tool: tool, control: true, jobs: 2, layers: []Layer{
		{Name: "once", Packages: []string{"./a"}, Bound: graceful},
		{Name: "always", Packages: []string{"./b"}, Bound: graceful},
	}}
	var told []string
	c.sound = func(f *Finding) { told = append(told, f.Layer+" "+string(f.Outcome)) }
	_, tree, err := c.run(t.Context(), nil)
	require.NoError(t, err)
	require.Equal(t, Survived, tree[0].Outcome)
	require.Equal(t, Killed, tree[1].Outcome)
	require.ElementsMatch(t, []string{
		"once killed", "once survived", "always killed", "always killed", "always killed",
	}, told)
}
