package main

import (
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/require"
)

func TestTheOutputOfTestsIsRead(t *testing.T) {
	code := errors.New("exit status 1")
	for name, tt := range map[string]struct {
		output string
		err    error
		want   Outcome
		by     string
		seeds  int
	}{
		"passes":           {"PASS\n", nil, Survived, "", 0},
		"passes, no tests": {"testing: warning: no tests to run\nPASS\n", nil, Broken, "no test ran", 0},
		"a violation": {
			"=== RUN   TestSimulatedSeeds\n    hunt_test.go:53: violation at seed 17, the 3rd run: I11: 2 goroutines\n",
			errors.New("signal: killed"), Killed, "I11 at seed 17", 3,
		},
		"a violation, by number alone": {"violation at seed 1, the 400 run: I1", code, Killed, "I1 at seed 1", 400},
		"a test":                       {"=== RUN   TestX\n    x_test.go:1: no\n--- FAIL: TestX (0.02s)\n", code, Killed, "TestX", 0},
		"a subtest":                    {"--- FAIL: TestX (0.03s)\n    --- FAIL: TestX/y (0.02s)\n        --- FAIL: TestX/y/z (0.02s)\n    --- FAIL: TestX/w (0s)\n--- FAIL: TestY (0s)\n", code, Killed, "TestX/y/z", 0},
		"a hang": {
			"panic: test timed out after 1m0s\n\trunning tests:\n\t\tTestX (59s)\n\ngoroutine 9 [running]:\n", code, Killed, "TestX hangs", 0,
		},
		"a test, and then an example that hangs": {
			"--- FAIL: TestX (0.02s)\n=== RUN   ExampleY\npanic: test timed out after 1m0s\n\ngoroutine 9 [running]:\n", code, Killed, "TestX", 0,
		},
		"a leak":              {"PASS\ngoleak: Errors on successful test run: found unexpected goroutines:\n", code, Killed, "goleak, after all tests", 0},
		"a panic of no test":  {"=== RUN   TestX\npanic: runtime error: index out of range\n\ngoroutine 7 [running]:\n", code, Killed, "panic: runtime error: index out of range", 0},
		"a deadlock":          {"=== RUN   TestX\nfatal error: all goroutines are asleep - deadlock!\n", code, Killed, "panic: all goroutines are asleep - deadlock!", 0},
		"before any test":     {"panic: twin: release.lua has no DEL\n\ngoroutine 1 [running]:\n", code, Broken, "a package could not be initialised", 0},
		"nothing of the kind": {"killed\n", errors.New("signal: killed"), Broken, "the tests did not end: signal: killed", 0},
	} {
		t.Run(name, func(t *testing.T) {
			got := read(tt.output, tt.err)
			require.Equal(t, tt.want, got.Outcome)
			require.Equal(t, tt.by, got.By)
			require.Equal(t, tt.seeds, got.Seeds)
		})
	}
}

func TestATapeTellsOfAFailureOnceItsLineIsThere(t *testing.T) {
	calls := 0
	tape := tape{failed: func() { calls++ }}
	for _, text := range []string{"=== RUN   TestX\n", "--- FA", "IL: TestX (0.0"} {
		n, err := tape.Write([]byte(text))
		require.NoError(t, err)
		require.Equal(t, len(text), n)
		require.Zero(t, calls)
	}
	_, err := tape.Write([]byte("2s)\n"))
	require.NoError(t, err)
	require.Equal(t, 1, calls)
	require.Equal(t, "=== RUN   TestX\n--- FAIL: TestX (0.02s)\n", string(tape.said))
}

func TestATapeHearsWhatIsCopiedToIt(t *testing.T) {
	calls := 0
	tape := tape{failed: func() { calls++ }}
	_, err := io.Copy(&tape, iotest.OneByteReader(strings.NewReader("--- FAIL: TestX (0.02s)\nPASS\n")))
	require.NoError(t, err)
	require.Equal(t, 1, calls)
}
