package distlock_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
)

// split is a store whose nodes do not agree about who has a key.
type split struct{ *memory }

func (split) Inspect(context.Context, distlock.Request) distlock.Result {
	return distlock.Result{Verdict: distlock.Unanswered, Votes: []distlock.Vote{
		{Node: "a", Outcome: distlock.Granted, Latency: time.Millisecond},
		{Node: "b", Outcome: distlock.Refused, Latency: time.Millisecond, Remaining: time.Second},
		{Node: "c", Outcome: distlock.Unreachable, Err: errors.New("no answer within 200ms")},
	}}
}

func TestALookThatFailedTellsWhatEachNodeSawInItsWords(t *testing.T) {
	l, err := distlock.New(split{}, distlock.Config{})
	require.NoError(t, err)
	status, err := l.Inspect(t.Context(), "k")
	require.Equal(t, "distlock: inspect \"k\": too few nodes answered\n"+
		"\ta: free after 1ms\n\tb: held after 1ms, owner's lease ends in 1s\n\tc: no answer within 200ms", err.Error())
	require.ErrorIs(t, err, distlock.ErrUnavailable)
	require.Len(t, status.Votes, 3)
	require.Equal(t, "a: granted after 1ms", status.Votes[0].String())
}

// serverError is what a server answered, as go-redis marks it.
type serverError string

func (e serverError) Error() string { return string(e) }
func (serverError) RedisError()     {}

// TestANodeThatAnsweredAnErrorIsNotCalledUnreachable: who mends it looks at the server,
// not at the network.
func TestANodeThatAnsweredAnErrorIsNotCalledUnreachable(t *testing.T) {
	said := fmt.Errorf("twice: %w", serverError("NOAUTH Authentication required."))
	v := distlock.Vote{Node: "a", Latency: time.Millisecond, Err: said}
	require.Equal(t, "a: error after 1ms: twice: NOAUTH Authentication required.", v.String())
	v.Err = errors.New("connection refused")
	require.Equal(t, "a: unreachable after 1ms: connection refused", v.String())
	v.Outcome, v.Err = distlock.Abstained, said
	require.Equal(t, "a: abstained after 1ms: twice: NOAUTH Authentication required.", v.String())
}
