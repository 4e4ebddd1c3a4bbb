package distlock_test

import (
	"context"
	"errors"
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
