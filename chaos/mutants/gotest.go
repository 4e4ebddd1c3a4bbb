package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
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

// test builds the layer's tests with the mutant's overlay, and runs them until a
// package fails. A nil mutant has no overlay. dir is for the binaries.
func (g *goTool) test(ctx context.Context, l *Layer, m *Mutant, overlay, dir string) Finding {
	began := time.Now()
	finding := Finding{Outcome: Survived}
	for _, p := range l.Packages {
		finding = g.testPackage(ctx, l, l.pattern(m), p, overlay, dir)
		if finding.Outcome != Survived {
			break
		}
	}
	finding.Layer, finding.Elapsed = l.Name, time.Since(began)
	return finding
}

func (g *goTool) testPackage(ctx context.Context, l *Layer, pattern, pkg, overlay, dir string) Finding {
	binary := filepath.Join(dir, "tests.exe")
	// Most of a campaign is compiling. Unoptimised, without symbols and with a lazy
	// collector it takes half; vet would complain of what a mutant leaves unused.
	args := []string{"test", "-c", "-vet=off", "-gcflags=" + g.module + "/...=-N -l", "-ldflags=-s -w", "-o", binary}
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	build := exec.CommandContext(ctx, "go", append(args, pkg)...)
	build.Dir = g.root
	build.Env = append(os.Environ(), "GOGC=400")
	if out, err := build.CombinedOutput(); err != nil {
		return Finding{Outcome: Broken, By: "does not build", Output: string(out)}
	}
	defer os.Remove(binary)
	out, err := g.run(ctx, l, pattern, pkg, binary)
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
func (g *goTool) run(ctx context.Context, l *Layer, pattern, pkg, binary string) (output string, err error) {
	ctx, cancel := context.WithTimeout(ctx, l.Bound+grace)
	defer cancel()
	cmd := exec.CommandContext(ctx, binary, "-test.v", "-test.failfast", "-test.timeout="+l.Bound.String(),
		"-test.run="+pattern, "-test.skip="+l.Skip)
	cmd.Dir = filepath.Join(g.root, filepath.FromSlash(pkg))
	// What a test that is cut short leaves behind goes with the binary's directory.
	cmd.Env = append(append(os.Environ(), "TMPDIR="+filepath.Dir(binary)), l.Env...)
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
