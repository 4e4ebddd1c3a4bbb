package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// A goTool builds and runs tests of the module at root.
type goTool struct {
	root, module string
}

// findModule returns the tool for the module around the current directory.
func findModule(ctx context.Context) (*goTool, error) {
	out, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}\n{{.Path}}").Output()
	if err != nil {
		return nil, fmt.Errorf("go list -m: %w", err)
	}
	dir, module, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	return &goTool{dir, module}, nil
}

// deps returns what each package's tests are built from, as import paths.
func (g *goTool) deps(ctx context.Context, packages []string) (map[string]map[string]bool, error) {
	all := make(map[string]map[string]bool, len(packages))
	for _, p := range packages {
		cmd := exec.CommandContext(ctx, "go", "list", "-test", "-deps", "-f", "{{.ImportPath}}", p)
		cmd.Dir = g.root
		out, err := cmd.Output()
		if err != nil {
			return nil, fmt.Errorf("go list -deps %s: %w%s", p, err, stderrOf(err))
		}
		all[p] = make(map[string]bool)
		for line := range strings.Lines(string(out)) {
			name, _, _ := strings.Cut(strings.TrimSpace(line), " ") // "a [b.test]" is a, compiled for b
			all[p][name] = true
		}
	}
	return all, nil
}

func stderrOf(err error) string {
	if exit, ok := err.(*exec.ExitError); ok { //nolint:errorlint // exec returns it bare
		return "\n" + string(exit.Stderr)
	}
	return ""
}

// A subject is a tree that tests are run on: a build, and the mutant that is chosen in it.
type subject struct {
	*build
	mutant *Mutant // nil is the tree as it is
	number int     // of the mutant among those in the build; 0 where it is the only one
}

// test runs the layer's tests, or those of them that only names, until a package fails.
// Packages that are not built from the mutant's are left out; deps are those of each.
func (l *Layer) test(ctx context.Context, s *subject, only string, deps map[string]map[string]bool) Finding {
	began := time.Now()
	finding := Finding{Outcome: Broken, By: noTestRan}
	for _, p := range l.Packages {
		if s.mutant != nil && !deps[p][s.mutant.Package(s.tool.module)] {
			continue
		}
		f := l.testPackage(ctx, s, p, cmp.Or(pattern(only), l.pattern(s.mutant)))
		if only != "" && f.By == noTestRan {
			continue // it is in another package
		}
		if finding = f; f.Outcome != Survived {
			break
		}
	}
	finding.Layer, finding.Elapsed = l.Name, time.Since(began)
	return finding
}

// pattern returns the pattern of one test, or of a subtest: TestX/y.
func pattern(test string) string {
	if test == "" {
		return ""
	}
	parts := strings.Split(test, "/")
	for i, p := range parts {
		parts[i] = "^" + regexp.QuoteMeta(p) + "$"
	}
	return strings.Join(parts, "/")
}

func (l *Layer) testPackage(ctx context.Context, s *subject, pkg, pattern string) Finding {
	binary, err := s.binary(ctx, pkg)
	var failed *errDoesNotBuild
	if errors.As(err, &failed) {
		return Finding{Outcome: Broken, By: "does not build", Output: failed.output}
	}
	var out string
	if err == nil {
		out, err = l.run(ctx, s, pattern, pkg, binary)
	}
	if ctx.Err() != nil {
		return Finding{Outcome: Broken, By: "interrupted"}
	}
	return read(out, err)
}

// grace is what a test binary gets beyond its own timeout, which ends it as a rule.
const grace = 15 * time.Second

// run runs the test binary until it ends, or ctx does, or a test has failed: what the
// others say is of no use here, nor is what a simulation goes on to do, finding
// out how few faults will do.
func (l *Layer) run(ctx context.Context, s *subject, pattern, pkg, binary string) (output string, err error) {
	// What a test that is cut short leaves behind goes with the directory.
	dir, err := os.MkdirTemp(s.dir, "run-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(ctx, l.Bound+grace)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "-test.v", "-test.failfast", "-test.timeout="+l.Bound.String(),
		"-test.run="+pattern, "-test.skip="+l.Skip)
	cmd.Dir = filepath.Join(s.tool.root, filepath.FromSlash(pkg))
	cmd.Env = append(append(os.Environ(), "TMPDIR="+dir, chosenEnv+"="+strconv.Itoa(s.number)), l.Env...)
	told := &tape{failed: func() { time.AfterFunc(inFull, cancel) }}
	cmd.Stdout, cmd.Stderr = told, told
	cmd.WaitDelay = time.Second // servers that a killed test leaves behind may hold its output
	err = cmd.Run()
	return string(told.said), err
}

// inFull is how long a failed test gets to say all it has to: which subtest it was.
const inFull = 200 * time.Millisecond

// A tape keeps what is written to it, and calls failed once that tells of a failure. It
// has Write alone: with a ReadFrom, as a buffer has, nobody would write.
type tape struct {
	said   []byte
	failed func()
	seen   int // up to the line being written
}

func (t *tape) Write(p []byte) (int, error) {
	t.said = append(t.said, p...)
	if end := bytes.LastIndexByte(t.said, '\n') + 1; end > t.seen {
		if fresh := t.said[t.seen:end]; violation.Match(fresh) || failed.Match(fresh) {
			t.failed()
		}
		t.seen = end
	}
	return len(p), nil
}
