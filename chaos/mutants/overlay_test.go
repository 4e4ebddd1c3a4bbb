package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// write puts files, named from the module's root, into a directory of their own.
func write(t *testing.T, files map[string]string) (root string) {
	t.Helper()
	root = t.TempDir()
	for name, text := range files {
		name = filepath.Join(root, filepath.FromSlash(name))
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
	return root
}

// library is a small module with one promise: that Word says "held", which an
// embedded file does.
var library = map[string]string{
	"go.mod":       "module example.com/library\n\ngo 1.26\n",
	"word/say.lua": "held",
	"word/word.go": "package word\n\nimport _ \"embed\"\n\n//go:embed say.lua\nvar Word string\n\nfunc Twice() string { return Word + Word }\n",
	"word/word_test.go": `package word

import "testing"

func TestTheWordIsHeld(t *testing.T) {
	if Word != "held" {
		t.Fatal(Word)
	}
}

func TestTwiceIsTwice(t *testing.T) {
	if Twice() != Word+Word {
		t.Fatal(Twice())
	}
}
`,
}

var word = Layer{Name: "word", Packages: []string{"./word"}, Bound: graceful}

const graceful = 60 * grace

func TestAnOverlayReplacesAnEmbeddedFileAndLeavesTheTreeAlone(t *testing.T) {
	tool := &goTool{write(t, library), "example.com/library"}
	m := Mutant{Name: "freed", File: "word/say.lua", Old: "held", New: "free"}
	deps := map[string]map[string]bool{"./word": {"example.com/library/word": true}}
	own, err := tool.newBuild(map[string]string{m.File: "free"})
	require.NoError(t, err)
	defer own.close()
	finding := word.test(t.Context(), &subject{build: own, mutant: &m}, "", deps)
	require.Equal(t, Killed, finding.Outcome, finding.Output)
	require.Equal(t, "TestTheWordIsHeld", finding.By)

	asItIs, err := tool.newBuild(nil)
	require.NoError(t, err)
	defer asItIs.close()
	finding = word.test(t.Context(), &subject{build: asItIs}, "", deps)
	require.Equal(t, Survived, finding.Outcome, finding.Output)
	text, err := os.ReadFile(filepath.Join(tool.root, "word", "say.lua"))
	require.NoError(t, err)
	require.Equal(t, "held", string(text))
}
