package chaos_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
)

func TestFaultsTellWhatTheyAreAndWhatTheyBreak(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for _, c := range []struct {
		fault  chaos.Fault
		text   string
		row    chaos.Row
		breaks chaos.Assumption
	}{
		{chaos.Crash{Node: 1}, "crash of node 1", chaos.NodeCrash, ""},
		{chaos.Forget{Node: 1}, "crash with memory lost of node 1", chaos.CrashMemoryLost, chaos.KeptMemory},
		{chaos.StayDown{Node: 1, Down: second}, "delayed restart (1s, memory kept) of node 1", chaos.DelayedRestart, ""},
		{chaos.StayDown{Node: 1, Down: second, With: chaos.Empty}, "delayed restart (1s, memory empty) of node 1", chaos.DelayedRestart, chaos.KeptMemory},
		{chaos.Remember{Node: 1}, "snapshot of node 1", chaos.OlderData, ""},
		{chaos.GoBack{Node: 1}, "restart on older data of node 1", chaos.OlderData, chaos.KeptMemory},
		{chaos.Freeze{Node: 1}, "freeze of node 1", chaos.NodeFrozen, ""},
		{chaos.PowerCut{Nodes: chaos.SetOf(0, 2)}, "power cut (memory kept) on nodes 0, 2", chaos.NodeCrash, ""},
		{chaos.PowerCut{Nodes: chaos.SetOf(1), With: chaos.Empty}, "power cut (memory empty) on nodes 1", chaos.CrashMemoryLost, chaos.KeptMemory},
		{chaos.Slow{Node: 2, By: 50 * ms}, "slow (50ms) on node 2", chaos.SlowNode, ""},
		{chaos.Cut{Node: 2}, "partition (both ways) of node 2", chaos.Partition, ""},
		{chaos.Cut{Node: 2, Way: chaos.ToNode}, "partition (requests) of node 2", chaos.Partition, ""},
		{chaos.Partitioned{Nodes: chaos.SetOf(4, 0), Way: chaos.FromNode}, "partition (replies) of nodes 0, 4", chaos.Partition, ""},
		{chaos.LoseReplies{Node: 2, Count: 3}, "3 replies lost on node 2", chaos.ReplyLost, ""},
		{chaos.CutReplies{Node: 2, Count: 3}, "3 replies cut short on node 2", chaos.ResetMidReply, ""},
		{chaos.Deaden{Node: 2}, "half-open connections on node 2", chaos.HalfOpen, ""},
		{chaos.JumpClock{Node: 2, By: 5 * ms}, "clock forward (5ms) on node 2", chaos.ClockForward, chaos.SoundClocks},
		{chaos.JumpClock{Node: 2, By: -5 * ms}, "clock back (5ms) on node 2", chaos.ClockBackward, ""},
		{chaos.JumpClocks{Nodes: chaos.SetOf(0, 1), By: 5 * ms}, "clocks forward (5ms) on nodes 0, 1", chaos.ClockForward, chaos.SoundClocks},
		{chaos.SkewClock{Node: 2, Rate: 2}, "clock rate 2 on node 2", chaos.ClockRate, chaos.SoundClocks},
		{chaos.SkewClock{Node: 2, Rate: 0.5}, "clock rate 0.5 on node 2", chaos.ClockRate, ""},
		{chaos.SkewClock{Node: 2, Rate: 1.004}, "clock rate 1.004 on node 2", chaos.ClockRate, ""},
		{chaos.Pause{Client: 3}, "pause of client 3", chaos.ClientPause, ""},
		{chaos.Pause{Client: 3, In: chaos.OpWrite}, "pause in write of client 3", chaos.ClientPause, ""},
		{chaos.Kill{Client: 3, In: chaos.OpRenew}, "crash in renew of client 3", chaos.HolderCrash, ""},
		{chaos.FlushAll{Node: 2}, "FLUSHALL on node 2", chaos.KeysLost, chaos.KeptMemory},
		{chaos.DeleteLock{Node: 2, Pick: 9}, "DEL of a lock on node 2", chaos.KeysLost, chaos.KeptMemory},
		{chaos.Evict{Node: 2, Pick: 9}, "eviction of a key on node 2", chaos.KeysLost, chaos.KeptMemory},
		{chaos.Usurp{Node: 2}, "hash under a lock's name on node 2", chaos.WrongType, ""},
		{chaos.Usurp{Node: 2, Overwrite: true}, "lock overwritten with a hash on node 2", chaos.WrongType, chaos.KeptMemory},
		{chaos.Suffer{Node: 2, From: chaos.IsReadOnly}, "READONLY on node 2", chaos.ReadOnly, ""},
		{chaos.Suffer{Node: 2, From: chaos.IsLoading}, "LOADING on node 2", chaos.Loading, ""},
		{chaos.Suffer{Node: 2, From: chaos.IsFull}, "OOM on node 2", chaos.OutOfMemory, ""},
		{chaos.Suffer{Node: 2, From: chaos.HasMisconf}, "MISCONF on node 2", chaos.Misconf, ""},
		{chaos.Suffer{Node: 2, From: chaos.WantsPassword}, "NOAUTH on node 2", chaos.AuthFailure, ""},
		{chaos.Suffer{Node: 2, From: chaos.ForbidsScripts}, "NOPERM on node 2", chaos.AuthFailure, ""},
		{chaos.Suffer{Node: 2, From: chaos.BadCertificate}, "a bad certificate on node 2", chaos.TLSFailure, ""},
		{chaos.FlushScripts{Node: 2}, "SCRIPT FLUSH on node 2", chaos.NoScript, ""},
	} {
		require.Equal(t, c.text, c.fault.String())
		require.Equal(t, c.row, c.fault.Row(), c.text)
		require.Equal(t, c.breaks, c.fault.Breaks(), c.text)
		same := c.fault
		require.True(t, same == c.fault, "%s is a value that can be compared", c.text)
	}
}

func TestEveryRowHasAFaultAmongTheKinds(t *testing.T) {
	t.Parallel()
	have := make(map[chaos.Row]bool)
	for _, k := range chaos.Kinds() {
		have[k.Row] = true
	}
	for _, row := range chaos.Rows() {
		require.True(t, have[row], row)
	}
}

func TestAFaultOnWhatIsNotThereIsUnsupported(t *testing.T) {
	t.Parallel()
	w := newRecordingWorld(1, 1)
	for _, f := range []chaos.Fault{
		chaos.Crash{Node: 1},
		chaos.Freeze{Node: -1},
		chaos.Slow{Node: 1},
		chaos.SkewClock{Node: 1},
		chaos.Evict{Node: 1},
		chaos.Pause{Client: 1},
		chaos.Kill{Client: 1},
		chaos.PowerCut{Nodes: chaos.SetOf(0, 1)},
	} {
		_, err := f.Inject(t.Context(), w)
		require.ErrorIs(t, err, chaos.ErrUnsupported, "%v", f)
	}
}

func TestANodeSetListsItsNodes(t *testing.T) {
	t.Parallel()
	s := chaos.SetOf(4, 0, 63)
	require.Equal(t, []int{0, 4, 63}, s.List())
	require.Equal(t, 3, s.Len())
	require.True(t, s.Has(63))
	require.False(t, s.Has(1))
	require.Equal(t, "0, 4, 63", s.String())
}
