package chaos_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
)

func openedBy(token string, fencing int64, at time.Duration, value int64) chaos.Op {
	o := did(chaos.OpOpen, "client of "+token, token, at, chaos.Done)
	o.Fencing, o.Value = fencing, value
	return o
}

func wroteBy(token string, fencing int64, at time.Duration, value int64) chaos.Op {
	o := openedBy(token, fencing, at, value)
	o.Kind = chaos.OpWrite
	return o
}

func ended(o chaos.Op, outcome chaos.Outcome) chaos.Op {
	o.Outcome = outcome
	return o
}

func lastingFor(o chaos.Op, took time.Duration) chaos.Op {
	o.End = o.Start + took
	return o
}

func TestTheFenceLetsNoStaleWriteThrough(t *testing.T) {
	judge(t, limits, []judgement{
		{"in order", "", history(openedBy("a", 1, 10*ms, 0), wroteBy("a", 1, 20*ms, 7), openedBy("b", 2, 30*ms, 7), wroteBy("b", 2, 40*ms, 8))},
		{"two writes of one owner", "", history(wroteBy("a", 1, 10*ms, 7), wroteBy("a", 1, 20*ms, 8), openedBy("b", 2, 30*ms, 8))},
		{"a stale write refused", "", history(openedBy("a", 1, 10*ms, 0), openedBy("b", 2, 20*ms, 0),
			ended(wroteBy("a", 1, 30*ms, 7), chaos.Stale), wroteBy("b", 2, 40*ms, 8))},
		{"a write refused, and no newer token was there", "I3", history(openedBy("a", 1, 10*ms, 0),
			ended(wroteBy("a", 1, 30*ms, 7), chaos.Stale))},
		{"a value read that nobody had written", "I3", history(openedBy("a", 1, 10*ms, 0), wroteBy("a", 1, 20*ms, 7), openedBy("b", 2, 30*ms, 0))},
		{"a write refused while a newer owner came", "", history(openedBy("a", 1, 10*ms, 0),
			ended(lastingFor(wroteBy("a", 1, 20*ms, 7), 20*ms), chaos.Stale), openedBy("b", 2, 30*ms, 0))},
		{"an equal token of another owner refused", "", history(openedBy("a", 1, 10*ms, 0), ended(openedBy("b", 1, 20*ms, 0), chaos.Stale))},
	})
}

func TestAStaleWriteThatIsAppliedIsFound(t *testing.T) {
	for name, h := range map[string]*chaos.History{
		"an older token":         history(openedBy("a", 1, 10*ms, 0), openedBy("b", 2, 20*ms, 0), wroteBy("a", 1, 30*ms, 7)),
		"an equal token":         history(openedBy("a", 1, 10*ms, 0), wroteBy("b", 1, 30*ms, 7)),
		"an older token, opened": history(openedBy("b", 2, 10*ms, 0), openedBy("a", 1, 20*ms, 0)),
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, []string{"I3"}, broken(chaos.Check(h, limits))) })
	}
}

func TestAnOperationThatNobodySawTheEndOfMayHaveTakenEffectOrNot(t *testing.T) {
	lost := ended(wroteBy("a", 1, 20*ms, 7), chaos.Unknown)
	judge(t, limits, []judgement{
		{"it has", "", history(openedBy("a", 1, 10*ms, 0), lost, openedBy("b", 2, 30*ms, 7))},
		{"it has not", "", history(openedBy("a", 1, 10*ms, 0), lost, openedBy("b", 2, 30*ms, 0))},
		{"it has, later", "", history(openedBy("a", 1, 10*ms, 0), lost, lastingFor(openedBy("b", 2, 30*ms, 0), 2*ms), openedBy("b", 2, 40*ms, 0))},
		{"it has, after a newer token was let through", "I3", history(
			openedBy("a", 1, 10*ms, 0), lost, openedBy("b", 2, 30*ms, 0), openedBy("c", 3, 40*ms, 7),
		)},
		{"it was an open, and made another stale", "", history(
			ended(openedBy("b", 2, 10*ms, 0), chaos.Unknown), ended(wroteBy("a", 1, 20*ms, 7), chaos.Stale),
		)},
	})
}

func TestWhatOneHolderWroteIsReadByTheNextHoweverLongTheHistory(t *testing.T) {
	// Many pieces: what one leads to must be carried into the next.
	long := func(holders int) *chaos.History {
		h := history()
		for i := range holders {
			token, at := string(rune('a'+i%26)), time.Duration(i)*100*ms
			h.Ops = append(h.Ops, openedBy(token, int64(i+1), at, int64(i)), wroteBy(token, int64(i+1), at+10*ms, int64(i+1)))
		}
		return h
	}
	h := long(500)
	require.Empty(t, chaos.Check(h, limits).Violations)
	for _, i := range []int{3, 32, 500, 998} {
		h := long(500)
		h.Ops[i-i%2].Value += 1000
		v := chaos.Check(h, limits)
		require.Equal(t, []string{"I3"}, broken(v), "operation %d", i)
		require.Len(t, v.Violations, 1)
		require.Equal(t, h.Ops[i-i%2].End, v.Violations[0].At)
	}
}

func TestWhatIsTooEntangledToBeSearchedIsTold(t *testing.T) {
	h := history(ended(wroteBy("z", 1<<40, 0, 1), chaos.Unknown)) // it may take effect at any time: no cut
	for i := range 5000 {
		h.Ops = append(h.Ops, openedBy("a", 1, time.Duration(i+1)*10*ms, 0))
	}
	v := chaos.Check(h, limits)
	require.Empty(t, v.Violations)
	require.Equal(t, 5001, v.Undecided)
	h.Ops = append(h.Ops, openedBy("b", 2, time.Hour, 0), openedBy("a", 1, 2*time.Hour, 0))
	require.Equal(t, []string{"I3"}, broken(chaos.Check(h, limits)), "a stale one is found all the same")
}

func TestARefusedWriteShowsWhatTheFenceIsFor(t *testing.T) {
	a, b := acquired("c1", "a", 10*ms, 1), acquired("c2", "b", 200*ms, 2)
	v := chaos.Check(history(a, b, openedBy("b", 2, 201*ms, 0), ended(wroteBy("a", 1, 210*ms, 7), chaos.Stale)), limits)
	require.Empty(t, v.Violations)
	require.Equal(t, 1, v.StaleWrites)
	require.Len(t, v.Demonstrations, 1)
	require.Empty(t, v.Demonstrations[0].Assumption)
	require.Contains(t, v.Demonstrations[0].Text, "105ms after its lease")
}

func TestAnUpdateLostWithinTwoLeasesIsAViolation(t *testing.T) {
	add := func(client, token string, at time.Duration, value int64) chaos.Op {
		return with(did(chaos.OpAdd, client, token, at, chaos.Done), func(o *chaos.Op) { o.Value = value })
	}
	lost := chaos.Erasure{Key: "k", Value: 1, By: 2}
	// Both leases as they were told to end, whatever the clocks that told it.
	a, b := acquired("c1", "a", 10*ms, 1), acquired("c2", "b", 50*ms, 2)
	within := history(a, b, add("c1", "a", 60*ms, 1), add("c2", "b", 70*ms, 2), lost)
	v := chaos.Check(within, limits)
	require.Equal(t, 1, v.LostUpdates)
	require.Equal(t, []string{"I1"}, broken(v))
	require.Len(t, v.Violations, 2, "the overlap, and what it cost")

	excused := chaos.Check(history(a, b, add("c1", "a", 60*ms, 1), add("c2", "b", 70*ms, 2), lost,
		fault(chaos.KeysLost, chaos.KeptMemory, 20*ms, 20*ms)), limits)
	require.Empty(t, excused.Violations)
	require.Equal(t, 1, excused.LostUpdates)
	require.Len(t, excused.Demonstrations, 2)

	late := chaos.Check(history(a, acquired("c2", "b", 150*ms, 2),
		add("c2", "b", 170*ms, 1), add("c1", "a", 180*ms, 2), lost), limits)
	require.Empty(t, late.Violations, "it wrote after its lease")
	require.Equal(t, 1, late.LostUpdates)
	require.Len(t, late.Demonstrations, 1)
}
