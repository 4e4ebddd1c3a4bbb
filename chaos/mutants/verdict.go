package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// An Outcome is what a layer said of a mutant.
type Outcome string

// Outcomes.
const (
	Killed   Outcome = "killed"
	Survived Outcome = "survived"
	Broken   Outcome = "broken" // it does not compile, or its tests could not begin or end
	Unmet    Outcome = "unmet"  // nothing in this layer runs the code
)

// A Finding is what a layer said of a mutant, or of the unmodified tree.
type Finding struct {
	Layer   string        `json:"layer"`
	Outcome Outcome       `json:"outcome"`
	By      string        `json:"by,omitempty"`    // the test, or the invariant and the seed
	Seeds   int           `json:"seeds,omitempty"` // simulated until it was killed
	Elapsed time.Duration `json:"elapsed"`         // with a build of its own
	Output  string        `json:"output,omitempty"`
}

var (
	violation = regexp.MustCompile(`violation at seed (\d+), the (\d+)(?:st|nd|rd|th)? run: (I\d+)`)
	failed    = regexp.MustCompile(`(?m)^ *--- FAIL: (\S+)`)
	timedOut  = regexp.MustCompile(`panic: test timed out after \S+`)
	running   = regexp.MustCompile(`running tests:\s+(\S+)`)
	panicked  = regexp.MustCompile(`(?m)^(?:panic: |fatal error: )(.+)$`)
)

// noTestRan is said of a pattern that matches nothing.
const noTestRan = "no test ran"

// read tells what a test binary's output and exit say. err is nil where it ended with
// code 0.
func read(output string, err error) Finding {
	switch match := violation.FindStringSubmatch(output); {
	case strings.Contains(output, "testing: warning: no tests to run"):
		return Finding{Outcome: Broken, By: noTestRan, Output: output}
	case err == nil:
		return Finding{Outcome: Survived}
	case match != nil:
		runs, _ := strconv.Atoi(match[2]) // digits, by the pattern
		return Finding{Outcome: Killed, By: fmt.Sprintf("%s at seed %s", match[3], match[1]), Seeds: runs, Output: output}
	case timedOut.MatchString(output) && firstFailed(output) == "":
		by := "hangs"
		if match := running.FindStringSubmatch(output); match != nil {
			by = match[1] + " hangs"
		}
		return Finding{Outcome: Killed, By: by, Output: output}
	case panicked.MatchString(output) && !strings.Contains(output, "=== RUN"):
		// It says nothing about what the tests can find.
		return Finding{Outcome: Broken, By: "a package could not be initialised", Output: output}
	}
	if test := firstFailed(output); test != "" {
		return Finding{Outcome: Killed, By: test, Output: output}
	}
	if strings.Contains(output, "goleak: ") {
		return Finding{Outcome: Killed, By: "goleak, after all tests", Output: output}
	}
	if match := panicked.FindStringSubmatch(output); match != nil {
		return Finding{Outcome: Killed, By: "panic: " + match[1], Output: output}
	}
	return Finding{Outcome: Broken, By: "the tests did not end: " + err.Error(), Output: output}
}

// firstFailed returns the test that failed first, and which of its subtests: a test
// is told before its subtests.
func firstFailed(output string) (test string) {
	for _, match := range failed.FindAllStringSubmatch(output, -1) {
		if test == "" || strings.HasPrefix(match[1], test+"/") {
			test = match[1]
		}
	}
	return test
}
