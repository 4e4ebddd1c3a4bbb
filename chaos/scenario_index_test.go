package chaos_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// scenarios is how many there are: S1 to S28.
const scenarios = 28

// demonstrated are those that a lease cannot prevent: they are shown on the worlds of
// this package, with the fence that catches them.
var demonstrated = []int{1, 2, 3, 5, 7, 9, 10, 16}

var scenarioTest = regexp.MustCompile(`^TestS(\d+)[A-Z]`)

func TestEveryScenarioHasATest(t *testing.T) {
	here, err := os.Getwd()
	require.NoError(t, err)
	everywhere := scenarioTests(t, moduleRoot(t, here))
	var missing []string
	for s := 1; s <= scenarios; s++ {
		if len(everywhere[s]) == 0 {
			missing = append(missing, fmt.Sprintf("S%d", s))
		}
	}
	require.Empty(t, missing, "scenarios without a test: name one TestS<number>…")
	for s, tests := range everywhere {
		require.LessOrEqual(t, s, scenarios, "%v are of no scenario", tests)
	}

	shown := scenarioTests(t, here)
	for _, s := range demonstrated {
		if len(shown[s]) == 0 {
			missing = append(missing, fmt.Sprintf("S%d", s))
		}
	}
	require.Empty(t, missing, "scenarios that no test of this package demonstrates")
}

// moduleRoot returns the nearest directory above that has a go.mod.
func moduleRoot(t *testing.T, dir string) string {
	t.Helper()
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		above := filepath.Dir(dir)
		require.NotEqual(t, above, dir, "no go.mod above the package")
		dir = above
	}
}

// scenarioTests returns the names of the tests below root, by the number of their
// scenario. Other modules below it, and what Go ignores, are left out.
func scenarioTests(t *testing.T, root string) map[int][]string {
	t.Helper()
	found := make(map[int][]string)
	require.NoError(t, filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && isApart(path):
			return filepath.SkipDir
		case d.IsDir(), !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		return readScenarioTests(path, found)
	}))
	return found
}

// isApart reports whether a directory is none of this module's packages.
func isApart(dir string) bool {
	name := filepath.Base(dir)
	if name == "testdata" || strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return true
	}
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

func readScenarioTests(path string, found map[int][]string) error {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, decl := range file.Decls {
		f, ok := decl.(*ast.FuncDecl)
		if !ok || f.Recv != nil {
			continue
		}
		match := scenarioTest.FindStringSubmatch(f.Name.Name)
		if match == nil {
			continue
		}
		number, err := strconv.Atoi(match[1])
		if err != nil {
			return err
		}
		found[number] = append(found[number], f.Name.Name)
	}
	return nil
}
