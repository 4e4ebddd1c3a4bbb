package node_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/node"
	"github.com/lilith/distlock/internal/redistest"
	"github.com/lilith/distlock/internal/scripts"
)

// TestTheHalvesOfAHandOverAreToldApart: what stands in the way of the one is not taken for
// the other's.
func TestTheHalvesOfAHandOverAreToldApart(t *testing.T) {
	server := redistest.Start(t)
	n := newNode(t, server.Client())
	handOver := func(change func(next *distlock.Request)) (released, acquired node.Reply) {
		require.Equal(t, distlock.Granted, ask(n, patientRequest("mine"), node.Acquire).Outcome)
		req, next := patientRequest("mine"), patientRequest("next")
		change(next)
		req.Successor = next
		acquired = ask(n, req, node.HandOver)
		return *acquired.Released, acquired
	}

	released, acquired := handOver(func(*distlock.Request) {})
	require.Equal(t, distlock.Granted, released.Outcome)
	require.Equal(t, distlock.Granted, acquired.Outcome)
	require.Equal(t, "next", server.Do("GET", key))
	require.Equal(t, distlock.Granted, ask(n, patientRequest("next"), node.Release).Outcome)

	require.EqualValues(t, 0, server.Do("EXISTS", scripts.TombstoneKey(key, "mine")))

	// A second request that may set the key is barred, as a release would.
	require.Equal(t, distlock.Granted, ask(n, patientRequest("twice"), node.Acquire).Outcome)
	require.Equal(t, distlock.Granted, ask(n, patientRequest("twice"), node.Repair).Outcome)
	req := patientRequest("twice")
	req.Successor = patientRequest("next")
	require.Equal(t, distlock.Granted, ask(n, req, node.HandOver).Outcome)
	require.EqualValues(t, 1, server.Do("EXISTS", scripts.TombstoneKey(key, "twice")))
	require.Equal(t, distlock.Granted, ask(n, patientRequest("next"), node.Release).Outcome)

	released, acquired = handOver(func(next *distlock.Request) { next.RestartGuard = time.Hour })
	require.Equal(t, distlock.Granted, released.Outcome)
	require.Equal(t, distlock.Abstained, acquired.Outcome)
	require.Nil(t, server.Do("GET", key))

	require.Equal(t, distlock.Granted, ask(n, patientRequest("mine"), node.Acquire).Outcome)
	server.Do("SET", scripts.FenceKey(key), "no number")
	req = patientRequest("mine")
	req.Successor = patientRequest("next")
	acquired = ask(n, req, node.HandOver)
	require.Equal(t, distlock.Granted, acquired.Released.Outcome)
	require.Equal(t, distlock.Unreachable, acquired.Outcome)
	require.True(t, acquired.Rejected)
	require.ErrorContains(t, acquired.Err, "holds no fencing counter")
	require.Nil(t, server.Do("GET", key))
}
