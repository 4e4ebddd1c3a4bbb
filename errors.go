package distlock

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Verdicts of the library, for errors.Is.
var (
	ErrHeld            = errors.New("distlock: held by another owner")
	ErrUnavailable     = errors.New("distlock: too few nodes answered")
	ErrRejected        = errors.New("distlock: a majority of nodes rejected the request for good")
	ErrLost            = errors.New("distlock: lease lost")
	ErrReleased        = errors.New("distlock: lease released")
	ErrInvalidArgument = errors.New("distlock: invalid argument")
	ErrClosed          = errors.New("distlock: locker closed")
)

// An AcquisitionError tells why a lock was not acquired. It unwraps to the last
// attempt's verdict ([ErrHeld], [ErrUnavailable] or [ErrRejected]) and, where that ended
// the waiting, to the context's error and cause, or to [ErrClosed]. What single nodes
// said is evidence: it stands in Votes and in the text, and is never unwrapped.
type AcquisitionError struct {
	Key      string        // as the caller wrote it, without the prefix
	Attempts int           // attempts begun
	Elapsed  time.Duration // from the call to this error
	Votes    []Vote        // the last attempt's, of every node

	verdict error
	reason  string // more than the verdict tells, or ""
	context []error
}

func (e *AcquisitionError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "distlock: acquire %q: ", e.Key)
	what := make([]string, 0, 4)
	if e.verdict != nil {
		what = append(what, bare(e.verdict))
	}
	if e.reason != "" {
		what = append(what, e.reason)
	}
	for _, err := range e.context {
		what = append(what, err.Error())
	}
	fmt.Fprintf(&b, "%s (attempts %d, elapsed %v)", strings.Join(what, "; "), e.Attempts, e.Elapsed.Round(time.Millisecond))
	writeVotes(&b, e.Votes)
	return b.String()
}

// Unwrap returns the verdict, if an attempt was made, and the context's error
// and cause, if it ended.
func (e *AcquisitionError) Unwrap() []error {
	if e.verdict == nil {
		return e.context
	}
	return append([]error{e.verdict}, e.context...)
}

// An InvalidLockError tells that a handle holds its lock no more. It unwraps to
// [ErrLost] or [ErrReleased].
type InvalidLockError struct {
	Key   string // as the caller wrote it, without the prefix
	Token string
	Op    string // "hold" where the lease ran out, else "extend" or "release"
	Votes []Vote // of the request that told; none where the lease ran out

	verdict error
}

func (e *InvalidLockError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "distlock: %s %q: %s (token %s)", e.Op, e.Key, bare(e.verdict), e.Token)
	writeVotes(&b, e.Votes)
	return b.String()
}

// Unwrap returns the verdict.
func (e *InvalidLockError) Unwrap() error { return e.verdict }

// An OperationError tells that too few nodes gave a usable answer to a request
// other than an acquisition, so that its outcome is unknown. It unwraps to
// [ErrUnavailable] or [ErrRejected] and, where the context ended the request, to
// the context's error and cause. Its text has a line for every node: those that did as
// asked tell what is known.
type OperationError struct {
	Key   string // as the caller wrote it, without the prefix
	Op    string // "extend", "release" or "inspect"
	Votes []Vote

	verdict error
	context []error
}

func (e *OperationError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "distlock: %s %q: %s", e.Op, e.Key, bare(e.verdict))
	for _, err := range e.context {
		fmt.Fprintf(&b, "; %v", err)
	}
	for _, v := range e.Votes {
		outcome := v.Outcome.String()
		switch {
		case e.Op == "inspect" && v.Outcome == Granted:
			outcome = "free"
		case e.Op == "inspect" && v.Outcome == Refused:
			outcome = "held"
		}
		b.WriteString("\n\t" + v.tell(outcome))
	}
	return b.String()
}

// Unwrap returns the verdict and what ended the context.
func (e *OperationError) Unwrap() []error { return append([]error{e.verdict}, e.context...) }

// bare is a sentinel's text without the package's name, which the error around
// it has said.
func bare(err error) string { return strings.TrimPrefix(err.Error(), "distlock: ") }

// writeVotes adds a line for each node that did not grant.
func writeVotes(b *strings.Builder, votes []Vote) {
	for _, v := range votes {
		if v.Outcome != Granted {
			b.WriteString("\n\t")
			b.WriteString(v.String())
		}
	}
}

// contextErrors returns ctx's error and its cause, if it ended.
func contextErrors(ctx context.Context) []error {
	err := ctx.Err()
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); !errors.Is(cause, err) {
		return []error{err, cause}
	} else if cause != err { //nolint:errorlint // identity: a cause that wraps the error says more than it
		return []error{cause}
	}
	return []error{err}
}
