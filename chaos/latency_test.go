package chaos_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
)

func TestLatenciesAreToldWithAndWithoutFaults(t *testing.T) {
	h := history(fault(chaos.SlowNode, "", time.Second, 2*time.Second), paused("c2", 0, time.Second))
	for i := range 100 {
		h.Ops = append(h.Ops, lastingFor(did(chaos.OpAcquire, "c1", "", time.Duration(i)*ms, chaos.Held), time.Duration(i+1)*ms))
	}
	h.Ops = append(h.Ops,
		lastingFor(did(chaos.OpAcquire, "c1", "", 990*ms, chaos.Done), 10*ms),
		lastingFor(did(chaos.OpAcquire, "c2", "", 0, chaos.Done), 20*ms),
		lastingFor(did(chaos.OpAcquire, "c1", "", 0, chaos.Unknown), time.Second),
		lastingFor(did(chaos.OpRelease, "c1", "", 2001*ms, chaos.Done), 3*ms),
	)
	require.Equal(t, []chaos.Latency{
		{Kind: chaos.OpAcquire, Count: 100, P50: 50 * ms, P90: 90 * ms, P99: 99 * ms, Max: 100 * ms},
		{Kind: chaos.OpAcquire, Faulty: true, Count: 2, P50: 10 * ms, P90: 20 * ms, P99: 20 * ms, Max: 20 * ms},
		{Kind: chaos.OpRelease, Count: 1, P50: 3 * ms, P90: 3 * ms, P99: 3 * ms, Max: 3 * ms},
	}, chaos.Latencies(h))
	require.Empty(t, chaos.Latencies(&chaos.History{}))
}

func TestCountsTellWhatHappened(t *testing.T) {
	failed := fault(chaos.SlowNode, "", 0, 0)
	failed.Err = "refused"
	require.Equal(t, map[string]int{
		"ops": 10, "acquired": 1, "refused": 1, "unavailable": 1, "renewed": 1, "lost": 1, "signals": 1,
		"released": 1, "stale writes refused": 1, "opens": 1, "lost updates": 1,
		"faults": 2, "fault frozen": 1, "fault crash": 1, "faults failed": 1,
	}, chaos.Counts(history(
		acquired("c1", "a", 10*ms, 1),
		did(chaos.OpAcquire, "c2", "", 10*ms, chaos.Held), did(chaos.OpAcquire, "c2", "", 10*ms, chaos.Unavailable),
		did(chaos.OpRenew, "c1", "a", 20*ms, chaos.Done), did(chaos.OpRenew, "c1", "a", 30*ms, chaos.Lost),
		did(chaos.OpRelease, "c1", "a", 40*ms, chaos.Lost), did(chaos.OpSignal, "c1", "a", 40*ms, chaos.Lost),
		did(chaos.OpRelease, "c2", "b", 40*ms, chaos.Done),
		did(chaos.OpOpen, "c2", "b", 40*ms, chaos.Done), did(chaos.OpWrite, "c1", "a", 40*ms, chaos.Stale),
		fault(chaos.NodeFrozen, "", 0, 0), fault(chaos.NodeCrash, "", 0, 0), failed,
		chaos.Erasure{Key: "k", Value: 1, By: 2},
	)))
}
