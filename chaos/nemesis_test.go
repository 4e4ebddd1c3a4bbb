package chaos_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
)

const second = time.Second

func TestANemesisInjectsHealsAndRecordsByThePlan(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, r := newRecordingWorld(3, 2), chaos.NewRecorder()
		n := &chaos.Nemesis{}
		require.NoError(t, n.Run(t.Context(), []chaos.Planned{
			{At: 1 * second, For: 2 * second, Fault: chaos.Freeze{Node: 1}},
			{At: 2 * second, For: 3 * second, Fault: chaos.Pause{Client: 0}},
			{At: 4 * second, For: second, Fault: chaos.Partitioned{Nodes: chaos.SetOf(0, 2), Way: chaos.WithReset}},
		}, w, r))
		require.Equal(t, []string{
			"n1 freeze", "c0 pause", "n1 thaw",
			"n0 trouble " + refusing, "n2 trouble " + refusing,
		}, w.log()[:5])
		require.ElementsMatch(t, []string{"c0 resume", "n0 trouble " + calm, "n2 trouble " + calm}, w.log()[5:])
		h := r.History()
		require.Equal(t, []chaos.Injection{
			{Row: chaos.NodeFrozen, Fault: "freeze of node 1", Node: "n1", Start: second, End: 3 * second},
			{Row: chaos.ClientPause, Fault: "pause of client 0", Client: "c0", Start: 2 * second, End: 5 * second},
			{Row: chaos.Partition, Fault: "partition (refusing) of nodes 0, 2", Nodes: []string{"n0", "n2"}, Start: 4 * second, End: 5 * second},
		}, h.Injections)
		require.Equal(t, 5*second, h.Healed)
		require.Equal(t, 3, n.Injected())
		require.Empty(t, n.Active())
	})
}

const (
	calm     = "{Delay:0s DropRequests:false DropReplies:false Refuse:false LoseReplies:0 CutReplies:0 HalfOpen:false}"
	refusing = "{Delay:0s DropRequests:false DropReplies:false Refuse:true LoseReplies:0 CutReplies:0 HalfOpen:false}"
)

func TestANemesisThatIsStoppedHealsWhatRages(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, r := newRecordingWorld(3, 0), chaos.NewRecorder()
		ctx, cancel := context.WithTimeout(t.Context(), 2*second)
		defer cancel()
		n := &chaos.Nemesis{}
		require.NoError(t, n.Run(ctx, []chaos.Planned{
			{At: second, For: time.Hour, Fault: chaos.Freeze{Node: 1}},
			{At: 3 * second, For: second, Fault: chaos.Freeze{Node: 0}},
		}, w, r))
		require.Equal(t, []string{"n1 freeze", "n1 thaw"}, w.log())
		require.Equal(t, 2*second, r.History().Healed)
	})
}

func TestANemesisHealsUntilItIsDone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, r := newRecordingWorld(1, 0), chaos.NewRecorder()
		w.fails("n0 start kept", errors.New("its port is not free yet"))
		time.AfterFunc(5*second, func() { w.fails("n0 start kept", nil) })
		n := &chaos.Nemesis{}
		plan := []chaos.Planned{{For: second, Fault: chaos.Crash{}}, {At: 2 * second, For: second, Fault: chaos.Freeze{}}}
		require.NoError(t, n.Run(t.Context(), plan, w, r))
		h := r.History()
		require.InDelta(t, 5*second, h.Injections[0].End, float64(second/10))
		require.Len(t, h.Injections, 1, "a node that is still being healed is left alone")
		require.Equal(t, 1, n.Skipped())

		w.fails("n0 thaw", errors.New("it is stuck"))
		err := (&chaos.Nemesis{}).Run(t.Context(), []chaos.Planned{{Fault: chaos.Freeze{}}}, w, r)
		require.ErrorContains(t, err, "freeze of node 0 cannot be healed")
		require.ErrorContains(t, err, "it is stuck")
	})
}

func TestWhatAWorldCannotSufferIsToldOnceAndNotTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w, r := newRecordingWorld(2, 0), chaos.NewRecorder()
		w.fails("n0 suffer OOM", chaos.ErrUnsupported)
		w.fails("n1 suffer MISCONF", errors.New("not now"))
		n := &chaos.Nemesis{}
		require.NoError(t, n.Run(t.Context(), []chaos.Planned{
			{At: 1 * second, Fault: chaos.Suffer{Node: 0, From: chaos.IsFull}},
			{At: 2 * second, Fault: chaos.Suffer{Node: 1, From: chaos.IsFull}},
			{At: 3 * second, Fault: chaos.Suffer{Node: 1, From: chaos.HasMisconf}},
			{At: 4 * second, Fault: chaos.Pause{Client: 3}},
		}, w, r))
		require.Equal(t, []string{"n0 suffer OOM", "n1 suffer MISCONF"}, w.log())
		require.Equal(t, chaos.ErrUnsupported.Error(), n.Unsupported()[chaos.OutOfMemory])
		require.Contains(t, n.Unsupported()[chaos.ClientPause], "it has no client 3")
		require.NotContains(t, n.Unsupported(), chaos.Misconf)
		require.Equal(t, 4, n.Skipped())
		h := r.History()
		require.Len(t, h.Injections, 1, "what failed stands in the history")
		require.Equal(t, "not now", h.Injections[0].Err)
		require.Equal(t, h.Injections[0].Start, h.Injections[0].End)
	})
}

func TestAFaultOnSeveralNodesComesToAllOrNone(t *testing.T) {
	t.Parallel()
	w, r := newRecordingWorld(3, 0), chaos.NewRecorder()
	w.fails("n2 crash", errors.New("it will not die"))
	_, err := chaos.Inject(t.Context(), chaos.PowerCut{Nodes: chaos.SetOf(0, 1, 2), With: chaos.Empty}, w, r)
	require.ErrorContains(t, err, "it will not die")
	require.Equal(t, []string{"n0 crash", "n1 crash", "n2 crash", "n0 start empty", "n1 start empty"}, w.log())
}

func TestANodeWithNothingRememberedGoesBackToNothing(t *testing.T) {
	t.Parallel()
	w, r := newRecordingWorld(1, 0), chaos.NewRecorder()
	w.fails("n0 start older", errors.New("nothing was remembered"))
	heal, err := chaos.Inject(t.Context(), chaos.GoBack{}, w, r)
	require.NoError(t, err)
	require.NoError(t, heal())
	require.Equal(t, []string{"n0 crash", "n0 start older", "n0 start empty"}, w.log())
}
