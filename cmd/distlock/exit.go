package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/urfave/cli/v3"

	"github.com/lilith/distlock"
)

// Exit codes of distlock itself, from sysexits(3) where it has one that fits: few
// programs use them, so that they rarely mean the command's own.
const (
	exitFalse       = 1   // demo: something that it told was not so
	exitUsage       = 64  // EX_USAGE
	exitUnavailable = 69  // EX_UNAVAILABLE: too few nodes answered, or they rejected the request
	exitInternal    = 70  // EX_SOFTWARE
	exitHeld        = 75  // EX_TEMPFAIL: try again later
	exitLost        = 79  // one beyond the last of sysexits
	exitCannotRun   = 126 // as in a shell
	exitNotFound    = 127 // as in a shell
	exitSignal      = 128 // and the signal's number, as in a shell
)

// exitCodes is the part of the help that lists them.
const exitCodes = `Exit codes:
   the command's own, and 128+N where signal N ended it
   64   usage: a flag is missing or wrong
   69   unavailable: too few nodes answered, or they rejected the request
   70   internal error
   75   held: another owner has the key
   79   lost: the lease was lost while the command ran, whatever the command returned
   126  the command cannot be run
   127  the command was not found
   128+N  signal N came before the command was started`

// An exitError is an error with the code that the program ends with. An empty
// text says nothing: the command has said it all.
type exitError struct {
	code int
	text string
}

func (e *exitError) Error() string { return e.text }

func usageError(format string, args ...any) error {
	return &exitError{exitUsage, fmt.Sprintf(format, args...)}
}

// unreadable is how the flag parser complains of a value. The value may be a URL
// that was meant for another flag, so it is not repeated.
var unreadable = regexp.MustCompile(`(?s)^invalid value .* for flag -([\w-]+): .*$`)

// onUsageError is told what the flag parser did not understand.
func onUsageError(_ context.Context, cmd *cli.Command, err error, _ bool) error {
	text := unreadable.ReplaceAllString(err.Error(), "the value of --$1 cannot be read (a duration is written as 30s or 500ms)")
	// The parser writes "-ttl" for the flag that everybody writes "--ttl".
	text = strings.Replace(text, "not defined: -", "not defined: --", 1)
	return usageError("%s; see %s --help", text, cmd.FullName())
}

// inFlags puts the flags in the place of the fields that the library names.
var inFlags = strings.NewReplacer(
	"distlock: invalid argument: ", "",
	"Config.NodeTimeout", "--node-timeout",
	"Config.TTL", "--ttl",
)

// lockError turns an error of the library into one with a code.
func lockError(err error) error {
	code := exitUnavailable // also where the wait was over before any node was asked
	switch {
	case err == nil:
		return nil
	case errors.Is(err, distlock.ErrInvalidArgument):
		return usageError("%s", inFlags.Replace(err.Error()))
	case errors.Is(err, distlock.ErrLost):
		code = exitLost
	case errors.Is(err, distlock.ErrHeld):
		code = exitHeld
	}
	return &exitError{code, err.Error()}
}

func codeOf(err error) int {
	var exit *exitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		return exit.code
	default:
		return exitInternal
	}
}

// credentials is what stands between the scheme and the host of a URL, up to the
// last "@", as a password may have any character in it that should be encoded.
var credentials = regexp.MustCompile(`(?s)://.*@`)

// say writes a message of distlock's own, each line marked as such. No message
// quotes a URL; should one ever come to, its credentials are left out.
func say(w io.Writer, text string) {
	if text == "" {
		return
	}
	text = strings.TrimPrefix(credentials.ReplaceAllString(text, "://***@"), "distlock: ")
	text = strings.ReplaceAll(text, "\t", "  ")
	_, _ = fmt.Fprintf(w, "distlock: %s\n", strings.ReplaceAll(text, "\n", "\ndistlock: "))
}
