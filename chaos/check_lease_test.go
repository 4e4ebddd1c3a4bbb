package chaos_test

import (
	"testing"
	"time"

	"github.com/lilith/distlock/chaos"
)

func TestALeaseIsGrantedOnlyWhileItRuns(t *testing.T) {
	late := with(acquired("c1", "a", 10*ms, 1), func(o *chaos.Op) { o.End = 107 * ms })
	judge(t, limits, []judgement{
		{"granted when it was over", "I7", history(late)},
		{"granted in time, to a client that stood still then", "", history(late, paused("c1", 11*ms, 106*ms))},
		{"granted when it was over, and another client stood still", "I7", history(late, paused("c2", 11*ms, 106*ms))},
		{"granted for longer than its keys last", "I7", history(
			with(acquired("c1", "a", 10*ms, 1), func(o *chaos.Op) { o.Until = 111 * ms }),
		)},
	})
	l := limits
	l.Slack = 2 * ms
	judge(t, l, []judgement{{"a thread that was late", "", history(late)}})
}

func TestTheDriftAllowedForIsTakenOffEachLease(t *testing.T) {
	l := limits
	l.DriftFactor = 0.01
	whole := with(acquired("c1", "a", 10*ms, 1), func(o *chaos.Op) { o.Until = 108 * ms })
	judge(t, l, []judgement{
		{"an acquisition, less the drift", "", history(acquired("c1", "a", 10*ms, 1))},
		{"an acquisition, but for the drift", "I7", history(whole)},
		{"an extension, less the drift", "", history(acquired("c1", "a", 10*ms, 1), extended("c1", 20*ms))},
		{"an extension, counted from the reply", "I7", history(acquired("c1", "a", 10*ms, 1),
			with(extended("c1", 20*ms), func(o *chaos.Op) { o.End, o.Until = 30*ms, 127*ms }))},
	})
	judge(t, limits, []judgement{{"not asked for", "", history(whole)}})
}

func TestAnExtensionNeverRevivesShortensOrOutlasts(t *testing.T) {
	a := acquired("c1", "a", 10*ms, 1) // until 106 ms
	until := func(at, until time.Duration) chaos.Op {
		return with(extended("c1", at), func(o *chaos.Op) { o.Until = until })
	}
	slow := with(extended("c1", 100*ms), func(o *chaos.Op) { o.End = 110 * ms })
	judge(t, limits, []judgement{
		{"in time", "", history(a, extended("c1", 50*ms), extended("c1", 140*ms))},
		{"after the lease's end", "I6", history(a, extended("c1", 107*ms))},
		{"answered after the lease's end", "I6", history(a, slow)},
		{"answered after the lease's end, within another", "", history(
			a, slow, with(extended("c1", 101*ms), func(o *chaos.Op) { o.Kind = chaos.OpRenew }),
		)},
		{"answered in time, to a client that stood still then", "", history(a, slow, paused("c1", 102*ms, 109*ms))},
		{"the end goes back", "I6", history(a, until(50*ms, 147*ms), until(60*ms, 130*ms))},
		{"a shorter one leaves the end where it is", "", history(
			a, until(50*ms, 147*ms), with(until(60*ms, 147*ms), func(o *chaos.Op) { o.TTL = 20 * ms }),
		)},
		{"longer than the keys last", "I7", history(a, until(50*ms, 151*ms))},
		{"after a release", "I6", history(a, released(50*ms), extended("c1", 60*ms))},
	})
}

func TestWhoLostALeaseIsToldAtItsRelease(t *testing.T) {
	a := acquired("c1", "a", 10*ms, 1)
	judge(t, limits, []judgement{
		{"released in time", "", history(a, released(105*ms))},
		{"released too late", "I5", history(a, released(107*ms))},
		{"released too late, and told so", "", history(a, did(chaos.OpRelease, "c1", "a", 107*ms, chaos.Lost))},
		{"a second release is nothing", "", history(a, released(50*ms), released(200*ms))},
		{"released after it was lost", "I5", history(
			a, did(chaos.OpRenew, "c1", "a", 40*ms, chaos.Lost), released(50*ms),
		)},
		{"released when an extension had moved its end", "", history(
			a, extended("c1", 60*ms), released(120*ms),
		)},
	})
}

func TestEachOperationEndsByItsBound(t *testing.T) {
	bounded := func(took time.Duration) chaos.Op {
		return chaos.Op{Client: "c1", Kind: chaos.OpAcquire, Key: "k", Outcome: chaos.Unavailable, End: took, Bound: 10 * ms}
	}
	judge(t, limits, []judgement{
		{"in time", "", history(bounded(10 * ms))},
		{"late", "I8", history(bounded(11 * ms))},
		{"late, of a client that stood still", "", history(bounded(11*ms), paused("c1", 5*ms, 6*ms))},
		{"ended before it began", "I8", history(with(bounded(0), func(o *chaos.Op) { o.Start = ms }))},
	})
	l := limits
	l.Slack = ms
	judge(t, l, []judgement{{"as late as threads may be", "", history(bounded(11 * ms))}})
}

func TestALeasesEndIsSignalledInTime(t *testing.T) {
	a := acquired("c1", "a", 10*ms, 1)
	signal := func(at time.Duration) chaos.Op {
		return with(did(chaos.OpSignal, "c1", "a", at-ms, chaos.Lost), func(o *chaos.Op) { o.Until = 106 * ms })
	}
	judge(t, limits, []judgement{
		{"in time", "", history(a, signal(106*ms))},
		{"late", "I10", history(a, signal(107*ms))},
		{"late, with an end known from the acquisition", "I10", history(a, with(signal(107*ms), func(o *chaos.Op) { o.Until = 0 }))},
		{"late, of a client that stood still", "", history(a, signal(200*ms), paused("c1", 50*ms, 190*ms))},
	})
}

func TestLifeGoesOnAfterFaults(t *testing.T) {
	refused := func(start, end time.Duration) chaos.Op {
		return chaos.Op{Client: "c1", Kind: chaos.OpAcquire, Key: "k", Start: start, End: end, Outcome: chaos.Unavailable}
	}
	live := func(parts ...any) *chaos.History {
		h := history(parts...)
		h.Healed = time.Second
		return h
	}
	l := limits
	l.LiveWithin = time.Second
	judge(t, l, []judgement{
		{"acquired", "", live(acquired("c2", "a", 1500*ms, 1), refused(1500*ms, 1900*ms))},
		{"acquired too late", "I9", live(acquired("c2", "a", 2500*ms, 1), refused(1500*ms, 1900*ms))},
		{"acquired before, and renewed all the time", "", live(
			acquired("c2", "a", 900*ms, 1), extended("c2", 980*ms), extended("c2", 1060*ms), refused(1500*ms, 1900*ms),
		)},
		{"nobody asked", "", live(acquired("c2", "a", 500*ms, 1))},
		{"nobody asked after a short while", "", live(refused(1000*ms, 1100*ms))},
	})
	h := live(refused(1500*ms, 1900*ms))
	h.Elapsed = 1900 * ms
	judge(t, l, []judgement{{"the run ended before", "", h}})
}

func TestNothingIsLeftBehindInTheProcess(t *testing.T) {
	judge(t, limits, []judgement{
		{"as before", "", history(chaos.Level{What: "goroutines", Before: 5, After: 5})},
		{"more", "I11", history(chaos.Level{What: "goroutines", Before: 5, After: 6})},
		{"fewer", "", history(chaos.Level{What: "goroutines", Before: 5, After: 4})},
	})
}

func TestOutcomesSayWhatIsSo(t *testing.T) {
	failed := func(kind chaos.OpKind, text string) chaos.Op {
		return with(did(kind, "c1", "a", 60*ms, chaos.Failed), func(o *chaos.Op) { o.Err = text })
	}
	a := acquired("c1", "a", 10*ms, 1)
	held := chaos.Op{Client: "c2", Kind: chaos.OpAcquire, Key: "k", Start: 900 * ms, End: 901 * ms, Outcome: chaos.Held, Attempts: 1}
	judge(t, limits, []judgement{
		{"an error of no kind", "I12", history(a, failed(chaos.OpRelease, "EOF"))},
		{"the Locker was closed", "", history(failed(chaos.OpAcquire, "distlock: locker closed"))},
		{"released while it was extended", "", history(
			a, failed(chaos.OpRenew, `distlock: extend "k": lease released`), released(60*ms),
		)},
		{"released, it says, and nobody did", "I12", history(a, failed(chaos.OpRenew, `distlock: extend "k": lease released`))},
		{"held by somebody", "", history(a, with(held, func(o *chaos.Op) { o.Start, o.End = 50*ms, 51*ms }))},
		{"held by nobody", "I12", history(a, held)},
		{"held by nobody, and a key had another type", "I12", history(held, fault(chaos.WrongType, "", 850*ms, 950*ms))},
		{"held by keys that a crash may have left", "", history(held, fault(chaos.NodeFrozen, "", 750*ms, 850*ms))},
		{"held by keys that a clock keeps", "", history(held, fault(chaos.ClockBackward, "", ms, ms))},
		{"held by itself before", "", history(with(held, func(o *chaos.Op) { o.Attempts = 2 }))},
	})
}
