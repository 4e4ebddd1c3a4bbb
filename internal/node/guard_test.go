package node_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2/server"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/clock"
	"github.com/lilith/distlock/internal/node"
	"github.com/lilith/distlock/internal/redistest"
)

func guardedRequest(token string, guard time.Duration) *distlock.Request {
	req := request(token)
	req.RestartGuard = guard
	return req
}

func TestANodeThatRestartedTooShortATimeAgoAbstains(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server.Client())
	r := ask(n, guardedRequest("mine", time.Hour), node.Acquire)
	require.Equal(t, distlock.Abstained, r.Outcome)
	require.ErrorContains(t, r.Err, "restart guard of 1h0m0s")
	require.False(t, r.Rejected)
	require.False(t, r.MaySet)
	require.Nil(t, server.Do("GET", key))
}

func TestANodeVotesOnceItIsUpForAsLongAsTheGuard(t *testing.T) {
	t.Parallel()
	const guard = time.Second
	server := redistest.Start(t)
	n := newNode(t, server.Client())
	votes := func() bool {
		return ask(n, guardedRequest("mine", guard), node.Acquire).Outcome == distlock.Granted
	}
	require.Eventually(t, votes, patience, 10*time.Millisecond)

	// Another node of this process has watched no run_id; the uptime speaks.
	fresh := newNode(t, server.Client())
	require.Eventually(t, func() bool {
		return ask(fresh, guardedRequest("mine", guard), node.Acquire).Outcome == distlock.Granted
	}, patience, 10*time.Millisecond)

	// It restarts, and abstains for as long as the guard by this process's clock.
	server.Kill()
	server.Restart()
	restarted := time.Now()
	r := ask(n, guardedRequest("theirs", guard), node.Acquire)
	if time.Since(restarted) < guard {
		require.Equal(t, distlock.Abstained, r.Outcome)
	}
	require.Eventually(t, votes, patience, 10*time.Millisecond)
	require.GreaterOrEqual(t, time.Since(restarted), guard)
}

// A repair is the exception: a key set anew on a node that forgot is a vote.
func TestAnAbstainingNodeStillExtendsReleasesAndIsInspectedButRepairsNothing(t *testing.T) {
	n := newNode(t, redistest.Start(t).Client())
	require.Equal(t, distlock.Granted, ask(n, request("mine"), node.Acquire).Outcome)
	guarded := guardedRequest("mine", time.Hour)
	require.Equal(t, distlock.Abstained, ask(n, guarded, node.Acquire).Outcome)
	require.Equal(t, "mine", ask(n, guarded, node.Inspect).Owner)
	require.Equal(t, distlock.Granted, ask(n, guarded, node.Extend).Outcome)
	require.Equal(t, distlock.Abstained, ask(n, guarded, node.Repair).Outcome)
	require.Equal(t, distlock.Granted, ask(n, guarded, node.Release).Outcome)
}

// TestANewRunIDIsBelievedOnThisProcessesClockAlone has a server that claims to be
// old whatever happens, as one does whose clock has jumped forward.
func TestANewRunIDIsBelievedOnThisProcessesClockAlone(t *testing.T) {
	var run, known, enough atomic.Value
	run.Store("first")
	n := answering(t, func(c *server.Peer, args []string) {
		known.Store(args[len(args)-2])
		enough.Store(args[len(args)-1])
		c.WriteLen(4)
		c.WriteBulk("granted")
		c.WriteInt(1000)
		c.WriteBulk(run.Load().(string))
		c.WriteInt(1_000_000)
	})
	require.Equal(t, distlock.Granted, ask(n, guardedRequest("mine", time.Hour), node.Acquire).Outcome)
	require.Equal(t, "", known.Load())
	require.Equal(t, "3601", enough.Load(), "an uptime runs up to a second ahead")

	run.Store("second")
	for range 3 {
		r := ask(n, guardedRequest("mine", time.Hour), node.Acquire)
		require.Equal(t, distlock.Abstained, r.Outcome)
		require.True(t, r.MaySet, "it has set the key")
		require.ErrorContains(t, r.Err, "run_id second is new")
		// Nor is what a suspend, or a wall clock set forward where that is taken for one,
		// adds to a lease's clock: this process was not watching then.
		clock.SimulateSuspend(2 * time.Hour)
	}
	require.Equal(t, "", known.Load())
	require.Equal(t, "", enough.Load(), "no uptime is enough")

	const guard = 50 * time.Millisecond
	require.Eventually(t, func() bool {
		return ask(n, guardedRequest("mine", guard), node.Acquire).Outcome == distlock.Granted
	}, patience, 5*time.Millisecond)
	require.Equal(t, "second", known.Load())
	require.Equal(t, "", enough.Load())
}
