//go:build unix

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// withPlanted builds distlock with new in the place of old in a file of the module.
func withPlanted(t *testing.T, file, old, new string) (binary string) {
	t.Helper()
	file, err := filepath.Abs(filepath.Join("..", "..", filepath.FromSlash(file)))
	require.NoError(t, err)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, 1, strings.Count(string(text), old), "%s has moved on", file)
	dir := t.TempDir()
	edited := filepath.Join(dir, "edited")
	require.NoError(t, os.WriteFile(edited, []byte(strings.Replace(string(text), old, new, 1)), 0o600))
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {file: edited}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(edited+".json", overlay, 0o600))
	binary = filepath.Join(dir, "distlock")
	out, err := exec.Command("go", "build", "-overlay", edited+".json", "-o", binary, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	return binary
}

var violationsSoFar = regexp.MustCompile(`violations [1-9]`)

// The bug that a lock's release is likeliest to have: it deletes the key whoever's it is.
// A run of default length finds it whatever its seed; here each is ended once it has.
func TestEverySeedFindsAReleaseWithoutItsOwnerTest(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the program anew, and runs it ten times")
	}
	t.Parallel()
	planted := withPlanted(t, "internal/scripts/release.lua", "local mine = owner == ARGV[1]", "local mine = owner ~= false")
	seeds := []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10"}
	for batch := range slices.Chunk(seeds, 5) { // they wait more than they work
		found, told := make([]bool, len(batch)), make([]string, len(batch))
		var all sync.WaitGroup
		for i, seed := range batch {
			s := runs(t, planted, "chaos", "--seed", seed, "--report", "")
			all.Go(func() { found[i], told[i] = s.finds() })
		}
		all.Wait()
		for i, seed := range batch {
			// On a machine too busy for leases to be lost there is nothing to find: a run of
			// its own is given another chance.
			for tries := 0; !found[i] && tries < 2; tries++ {
				t.Logf("seed %s found nothing beside the others", seed)
				found[i], told[i] = runs(t, planted, "chaos", "--seed", seed, "--report", "").finds()
			}
			require.True(t, found[i], "seed %s: %s", seed, told[i])
		}
	}
}

// finds reads the run's output to its end, which it hastens by an interrupt at the first
// violation, and reports whether two leases overlapped and the exit code says so, and what
// it told. It may be called from any goroutine.
func (s *session) finds() (found bool, told string) {
	hangs := time.AfterFunc(patience+time.Minute, func() { _ = s.cmd.Process.Kill() })
	defer hangs.Stop()
	interrupted, overlap := false, false
	for line := range s.lines {
		if !interrupted && violationsSoFar.MatchString(line) {
			interrupted = true
			_ = s.cmd.Process.Signal(syscall.SIGINT) // or it has just ended of itself
		}
		overlap = overlap || strings.HasPrefix(line, "  I1 at ")
		told += line + "\n"
	}
	told += s.wait()
	// An interrupt may come as the run, which had found it, has just ended of itself.
	ended := s.cmd.ProcessState.Sys().(syscall.WaitStatus)
	found = overlap && (ended.ExitStatus() == exitViolation || ended.Signal() == syscall.SIGINT)
	return found, fmt.Sprintf("%v\n%s", s.cmd.ProcessState, told)
}
