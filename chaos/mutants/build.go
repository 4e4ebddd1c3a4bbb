package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"time"
)

// A build is the tests of one tree, a binary for each package. Each is made once, when
// it is first asked for.
type build struct {
	tool    *goTool
	dir     string // for the overlay and the binaries
	overlay string // its name; the tree as it is where empty

	making sync.Mutex
	made   map[string]bool
}

// newBuild returns the build of the module with texts in the place of files, in a
// directory of its own, which close removes.
func (g *goTool) newBuild(texts map[string]string) (*build, error) {
	dir, err := os.MkdirTemp("", "distlock-mutants-")
	if err != nil {
		return nil, err
	}
	b := &build{tool: g, dir: dir, made: make(map[string]bool)}
	if len(texts) == 0 {
		return b, nil
	}
	if b.overlay, err = writeOverlay(texts, g.root, dir); err != nil {
		b.close()
		return nil, err
	}
	return b, nil
}

// close removes the build. Servers whose test was killed may write for a moment yet.
func (b *build) close() {
	for tries := 0; os.RemoveAll(b.dir) != nil && tries < 20; tries++ {
		time.Sleep(100 * time.Millisecond)
	}
}

// errDoesNotBuild has what the compiler says.
type errDoesNotBuild struct{ output string }

func (e *errDoesNotBuild) Error() string { return "does not build:\n" + e.output }

// binary returns the test binary of a package.
func (b *build) binary(ctx context.Context, pkg string) (string, error) {
	return b.name(pkg), b.make(ctx, []string{pkg})
}

func (b *build) name(pkg string) string {
	return filepath.Join(b.dir, path.Base(path.Join(b.tool.module, pkg))+".test"+suffix())
}

// make makes the binaries of packages that are not there yet, by one command, which
// compiles for all of them what they have in common.
func (b *build) make(ctx context.Context, packages []string) error {
	b.making.Lock()
	defer b.making.Unlock()
	// Without symbols, and with a lazy collector, they are made sooner; vet would complain
	// of what a mutant leaves unused.
	args := []string{"test", "-c", "-vet=off", "-ldflags=-s -w", "-o", b.dir + string(filepath.Separator)}
	if b.overlay != "" {
		args = append(args, "-overlay", b.overlay)
	}
	missing := false
	for _, p := range packages {
		if !b.made[p] {
			missing, args = true, append(args, p)
		}
	}
	if !missing {
		return nil
	}
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = b.tool.root
	cmd.Env = append(os.Environ(), "GOGC=400")
	if out, err := cmd.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &errDoesNotBuild{strings.TrimSpace(fmt.Sprintf("%s\n%v", out, err))}
	}
	for _, p := range packages {
		b.made[p] = true
	}
	return nil
}

// suffix is what the go command ends a binary's name with.
func suffix() string {
	if runtime.GOOS == "windows" {
		return ".exe"
	}
	return ""
}
