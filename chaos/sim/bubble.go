package sim

import (
	"flag"
	"os"
	"testing"
)

// Main calls f with what [Run] needs outside of a test, and ends the process with the
// exit code that f returns: virtual time is the testing package's, which gives it to
// tests alone and does not return. Tests have a T already, and need no Main.
func Main(f func(t *testing.T) (exit int)) {
	testing.Init()
	if !flag.Parsed() {
		_ = flag.CommandLine.Parse(nil) // the program's own flags are none of testing's
	}
	testing.Main(
		func(string, string) (bool, error) { return true, nil },
		[]testing.InternalTest{{Name: "simulation", F: func(t *testing.T) { os.Exit(f(t)) }}},
		nil, nil,
	)
}
