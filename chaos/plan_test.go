package chaos_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
)

const planLease, planTime = 800 * time.Millisecond, 25 * time.Second

func TestTheSameSeedPlansTheSameFaults(t *testing.T) {
	t.Parallel()
	one := chaos.Plan(7, chaos.Kinds(), 5, 6, planLease, planTime)
	require.Equal(t, one, chaos.Plan(7, chaos.Kinds(), 5, 6, planLease, planTime))
	require.NotEqual(t, one, chaos.Plan(8, chaos.Kinds(), 5, 6, planLease, planTime))
}

func TestAPlanHasHundredsOfFaultsInOrderAndOfAllRows(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		plan := chaos.Plan(seed, chaos.Kinds(), 5, 6, planLease, planTime)
		require.Greater(t, len(plan), 200, "seed %d", seed)
		met := make(map[chaos.Row]bool)
		last := time.Duration(0)
		for _, p := range plan {
			require.GreaterOrEqual(t, p.At, last, "seed %d: %v", seed, p)
			require.Less(t, p.At, planTime, "seed %d: %v", seed, p)
			last = p.At
			met[p.Fault.Row()] = true
			if p.For != 0 {
				require.GreaterOrEqual(t, p.For, planLease/40-time.Microsecond, "seed %d: %v", seed, p)
				require.LessOrEqual(t, p.For, planLease*18/10, "seed %d: %v", seed, p)
			}
		}
		require.Len(t, met, len(chaos.Rows()), "seed %d", seed)
	}
}

// planned are the indices of the nodes that a fault of chaos.Kinds acts on.
func planned(w chaos.World, f chaos.Fault) []string {
	if f, ok := f.(chaos.Wide); ok {
		var names []string
		for _, i := range f.On().List() {
			names = append(names, w.Nodes()[i].Name())
		}
		return names
	}
	node, client := f.Target(w)
	return []string{node + client}
}

func TestAPlanHasOneFaultAtATimeOnANodeOrClient(t *testing.T) {
	t.Parallel()
	w := newRecordingWorld(5, 6)
	for seed := range uint64(20) {
		free := make(map[string]time.Duration)
		for _, p := range chaos.Plan(seed, chaos.Kinds(), 5, 6, planLease, planTime) {
			for _, name := range planned(w, p.Fault) {
				require.GreaterOrEqual(t, p.At, free[name], "seed %d: %v", seed, p)
				free[name] = p.At + p.For
			}
		}
	}
}

func TestAPlanLeavesAMajorityWholeMostOfTheTime(t *testing.T) {
	t.Parallel()
	w := newRecordingWorld(5, 0)
	kinds, err := chaos.KindsOf("frozen", "partition", "crash", "loading")
	require.NoError(t, err)
	const step = 10 * time.Millisecond
	for seed := range uint64(10) {
		plan := chaos.Plan(seed, kinds, 5, 0, planLease, time.Minute)
		var minority, majority int
		for at := time.Duration(0); at < time.Minute; at += step {
			broken := make(map[string]bool)
			for _, p := range plan {
				if p.At <= at && at < p.At+p.For {
					for _, name := range planned(w, p.Fault) {
						broken[name] = true
					}
				}
			}
			if len(broken) <= 2 {
				minority++
			} else {
				majority++
			}
		}
		require.Greater(t, minority, 2*majority, "seed %d", seed)
		require.Positive(t, majority, "seed %d: a majority must be gone at times", seed)
	}
}

func TestASnapshotComesBeforeTheRestartOnOlderData(t *testing.T) {
	t.Parallel()
	kinds, err := chaos.KindsOf("older-data")
	require.NoError(t, err)
	marked := make(map[int]bool)
	restarts := 0
	for _, p := range chaos.Plan(3, kinds, 3, 0, planLease, planTime) {
		switch f := p.Fault.(type) {
		case chaos.Remember:
			marked[f.Node] = true
		case chaos.GoBack:
			require.True(t, marked[f.Node], "%v", p)
			marked[f.Node] = false
			restarts++
		}
	}
	require.Positive(t, restarts)
}

func TestOneNodeAloneHasTimeToRecover(t *testing.T) {
	t.Parallel()
	kinds, err := chaos.KindsOf("frozen")
	require.NoError(t, err)
	plan := chaos.Plan(1, kinds, 1, 0, planLease, planTime)
	require.NotEmpty(t, plan)
	whole := 0
	for i := 1; i < len(plan); i++ {
		if plan[i].At-plan[i-1].At-plan[i-1].For >= planLease {
			whole++
		}
	}
	require.Greater(t, whole, len(plan)/3)
}

func TestWithoutClientsOrKindsThereIsNothingToPlan(t *testing.T) {
	t.Parallel()
	kinds, err := chaos.KindsOf("client-pause", "holder-crash")
	require.NoError(t, err)
	require.Empty(t, chaos.Plan(1, kinds, 5, 0, planLease, planTime))
	require.Empty(t, chaos.Plan(1, nil, 5, 6, planLease, planTime))
	require.Empty(t, chaos.Plan(1, chaos.Kinds(), 5, 6, 0, planTime))
}

func TestKindsAreChosenByTheNamesOfTheirRows(t *testing.T) {
	t.Parallel()
	kinds, err := chaos.KindsOf("auth", " slow")
	require.NoError(t, err)
	rows := make(map[chaos.Row]int)
	for _, k := range kinds {
		rows[k.Row]++
	}
	require.Equal(t, map[chaos.Row]int{chaos.AuthFailure: 2, chaos.SlowNode: 1}, rows)

	_, err = chaos.KindsOf("slow", "meteor")
	require.ErrorContains(t, err, `"meteor"`)
	for _, row := range chaos.Rows() {
		require.ErrorContains(t, err, row.String())
	}
}

func TestHarmlessKindsSpareOtherData(t *testing.T) {
	t.Parallel()
	all, harmless := chaos.Kinds(), chaos.Harmless(chaos.Kinds())
	require.Less(t, len(harmless), len(all))
	for _, k := range harmless {
		require.False(t, k.Destructive)
	}
	for seed := range uint64(20) {
		for _, p := range chaos.Plan(seed, harmless, 5, 6, planLease, planTime) {
			_, flushes := p.Fault.(chaos.FlushAll)
			require.False(t, flushes)
		}
	}
}

func TestAPlannedFaultTellsWhenAndWhat(t *testing.T) {
	t.Parallel()
	p := chaos.Planned{At: 1234567 * time.Microsecond, For: 300 * time.Millisecond, Fault: chaos.Slow{Node: 2, By: 50 * time.Millisecond}}
	require.Equal(t, "at 1.235s for 300ms: slow (50ms) on node 2", p.String())
}
