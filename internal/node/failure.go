package node

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// failed turns an error into a Reply that is no vote.
func failed(err error, t trip, timeout time.Duration) Reply {
	r := Reply{Rejected: permanent(err), Resent: t == tripTwice, Err: err}
	// An error that Redis answers changed nothing, but speaks for its own copy alone.
	r.MaySet = t == tripTwice || t == tripOnce && !answered(err)
	switch {
	case timedOut(err) && t == tripUnsent:
		r.Err = fmt.Errorf("no connection within %v: %w", timeout, err)
	case timedOut(err):
		r.Err = fmt.Errorf("no answer within %v: %w", timeout, err)
	}
	return r
}

// answered reports whether err is Redis's own answer: the request was read, and
// the scripts change nothing before they may fail.
func answered(err error) bool {
	var answer redis.Error
	return errors.As(err, &answer)
}

func timedOut(err error) bool {
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, context.DeadlineExceeded)
}

// permanent reports whether Redis answered with an error that the same request
// will meet again until somebody mends the server, the client's settings or the key.
func permanent(err error) bool {
	if !answered(err) {
		return false
	}
	text := err.Error()
	for _, prefix := range []string{"NOAUTH", "WRONGPASS", "NOPERM", "WRONGTYPE"} {
		// Redis 6 and older put a script's error behind words of their own.
		if strings.HasPrefix(text, prefix) || strings.Contains(text, ": "+prefix+" ") ||
			strings.Contains(text, ": -"+prefix+" ") {
			return true
		}
	}
	return strings.Contains(text, "unauthenticated multibulk length") || // NOAUTH of a long request
		strings.Contains(text, "unauthenticated bulk length") ||
		strings.HasPrefix(text, "ERR AUTH ") || // a password given to a server that has none
		strings.Contains(text, "can't run this command or subcommand") // NOPERM inside a script
}
