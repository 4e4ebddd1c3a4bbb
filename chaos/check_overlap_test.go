package chaos_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
)

func TestLeasesOfOneKeyDoNotOverlap(t *testing.T) {
	a, b := acquired("c1", "a", 10*ms, 1), acquired("c2", "b", 50*ms, 2)
	judge(t, limits, []judgement{
		{"one after the other's end", "", history(a, acquired("c2", "b", 106*ms, 2))},
		{"one after the other's release", "", history(a, released(48*ms), b)},
		{"one before the other's end", "I1", history(a, b)},
		{"of different keys", "", history(a, with(b, func(o *chaos.Op) { o.Key = "other" }))},
		{"one before the other's release", "I1", history(a, b, released(60*ms))},
		{"one that was handed the lock within the other's release", "", history(
			a, with(released(48*ms), func(o *chaos.Op) { o.End = 54 * ms }), handed(2),
		)},
		{"one that was handed the lock before the other's release", "I1", history(a, released(52*ms), handed(2))},
		{"one after the other was told that it is lost", "", history(
			a, did(chaos.OpRenew, "c1", "a", 45*ms, chaos.Lost), b,
		)},
		{"one after the other saw Done closed", "", history(
			a, with(did(chaos.OpSignal, "c1", "a", 45*ms, chaos.Lost), func(o *chaos.Op) { o.Until = 106 * ms }), b,
		)},
		{"one after the other's extended end", "", history(
			a, extended("c1", 60*ms), acquired("c2", "b", 158*ms, 2),
		)},
		{"one before the other's extended end", "I1", history(
			a, extended("c1", 60*ms), acquired("c2", "b", 150*ms, 2),
		)},
		{"one that ends before an extension had succeeded", "", history(
			a, with(extended("c1", 60*ms), func(o *chaos.Op) { o.Outcome = chaos.Unavailable }), acquired("c2", "b", 120*ms, 2),
		)},
	})
}

func TestAnExtensionMovesTheEndOnlyOnceItHasSucceeded(t *testing.T) {
	// The answer came at 110 ms: from 106 ms to then nobody may count on the lease.
	slow := with(extended("c1", 60*ms), func(o *chaos.Op) { o.End = 110 * ms })
	short := with(acquired("c2", "b", 107*ms, 2), func(o *chaos.Op) { o.Until = 109 * ms })
	require.Equal(t, []string{"I6"}, broken(chaos.Check(history(acquired("c1", "a", 10*ms, 1), slow, short), limits)))
}

func TestAnOverlapIsExcusedOnlyByAFaultThatCanHaveCausedIt(t *testing.T) {
	a, b := acquired("c1", "a", 100*ms, 1), acquired("c2", "b", 150*ms, 2)
	jump := func(start, end time.Duration) chaos.Injection {
		return fault(chaos.ClockForward, chaos.SoundClocks, start, end)
	}
	judge(t, limits, []judgement{
		{"a clock that jumped while the lease ran", "", history(a, b, jump(120*ms, 120*ms))},
		{"a clock that jumped before the lease's request", "I1", history(a, b, jump(0, 98*ms))},
		{"a clock that jumped when both had been granted", "I1", history(a, b, jump(151*ms, 300*ms))},
		{"a clock that ran fast all the time", "", history(a, b, jump(0, 300*ms))},
		{"a clock that jumped before an extension confirmed the keys", "I1", history(
			a, extended("c1", 130*ms), b, jump(105*ms, 129*ms),
		)},
		{"a clock that jumped within the extension that confirmed the keys", "", history(
			a, extended("c1", 130*ms), b, jump(130*ms, 130*ms),
		)},
		{"a fault that breaks no assumption", "I1", history(a, b, fault(chaos.NodeFrozen, "", 0, 300*ms))},
		{"a pause of the client", "I1", history(a, b, paused("c1", 0, 300*ms))},
		{"a clock that jumped before the later request, on keys set for the later grant", "", history(
			acquired("c2", "b", 150*ms, 2), with(a, func(o *chaos.Op) { o.Start, o.End, o.Until = 105*ms, 160*ms, 203*ms }),
			jump(140*ms, 140*ms),
		)},
		{"keys that somebody deleted", "", history(a, b, fault(chaos.KeysLost, chaos.KeptMemory, 120*ms, 120*ms))},
	})
}

func TestTheRestartGuardLeavesNodesThatForgetNoExcuse(t *testing.T) {
	a, b := acquired("c1", "a", 100*ms, 1), acquired("c2", "b", 150*ms, 2)
	forgot := history(a, b, fault(chaos.CrashMemoryLost, chaos.KeptMemory, 120*ms, 130*ms))
	older := history(a, b, fault(chaos.OlderData, chaos.KeptMemory, 120*ms, 130*ms))
	flushed := history(a, b, fault(chaos.KeysLost, chaos.KeptMemory, 120*ms, 130*ms))

	judge(t, limits, []judgement{{"without it", "", forgot}})
	guarded := limits
	guarded.Guarded, guarded.Guard = true, 100*ms
	judge(t, guarded, []judgement{
		{"with it", "I1", forgot},
		{"older data", "I1", older},
		{"keys lost without a restart", "", flushed},
	})
	guarded.Guard = 99 * ms
	judge(t, guarded, []judgement{{"with one that is shorter than a lease", "", forgot}})
}

func TestAnExcusedOverlapIsADemonstration(t *testing.T) {
	v := chaos.Check(history(
		acquired("c1", "a", 100*ms, 1), acquired("c2", "b", 150*ms, 2),
		fault(chaos.ClockForward, chaos.SoundClocks, 120*ms, 120*ms),
	), limits)
	require.Equal(t, 1, v.Overlaps)
	require.Len(t, v.Demonstrations, 1)
	require.Equal(t, chaos.SoundClocks, v.Demonstrations[0].Assumption)
	require.Equal(t, 150*ms, v.Demonstrations[0].At)
}

func TestAKilledHolderMayHaveReleasedUnlessItIsKnownWhatItWasAbout(t *testing.T) {
	a, b := acquired("c1", "a", 10*ms, 1), acquired("c2", "b", 60*ms, 2)
	killed := chaos.Injection{Row: chaos.HolderCrash, Fault: "crash", Client: "c1", Start: 40 * ms, End: 50 * ms}
	open := did(chaos.OpOpen, "c1", "a", 39*ms, chaos.Unknown)
	open.Fencing = 1
	judge(t, limits, []judgement{
		{"nothing is known", "", history(a, b, killed)},
		{"it was at something else", "I1", history(a, open, b, killed)},
		{"another was killed", "I1", history(a, b, of(killed, "c3"))},
	})
}

func of(in chaos.Injection, client string) chaos.Injection {
	in.Client = client
	return in
}
