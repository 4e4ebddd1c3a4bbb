package scripts_test

import (
	"time"

	"github.com/lilith/distlock/internal/scripts"
)

// guarded is an acquire call with a restart guard: the run_id that may vote, and
// the uptime from which an unknown one may.
func guarded(known, enough any) call {
	c := acquire(mine, short, 0)
	c.args = append(c.args, known, enough)
	return c
}

const never = int64(100 * 365 * 24 * time.Hour / time.Second)

// guardScenarios ask for what INFO tells, which miniredis does not.
var guardScenarios = []scenario{
	{
		name: "guard: a node of unknown run_id and too small an uptime abstains",
		call: guarded("", never),
		want: outcome{reply: []any{"abstained", runID{}, uptime{}}},
		real: true,
	},
	{
		name: "guard: a node of another run_id and too small an uptime abstains",
		call: guarded("c0ffee", never),
		want: outcome{reply: []any{"abstained", runID{}, uptime{}}},
		real: true,
	},
	{
		name: "guard: a node of another run_id abstains where uptime counts for nothing",
		call: guarded("c0ffee", ""),
		want: outcome{reply: []any{"abstained", runID{}, uptime{}}},
		real: true,
	},
	{
		name: "guard: a node of the run_id known votes",
		call: guarded(runID{}, ""),
		want: guardedGrant,
		real: true,
	},
	{
		name: "guard: a node of the run_id known votes however short its uptime",
		call: guarded(runID{}, never),
		want: guardedGrant,
		real: true,
	},
	{
		name: "guard: a node of unknown run_id votes once it is up for long enough",
		call: guarded("", 0),
		want: guardedGrant,
		real: true,
	},
	{
		name:  "guard: a node that votes refuses another's key as ever",
		given: []command{set(lock, theirs, long), set(fence, "41", long)},
		call:  guarded(runID{}, ""),
		want: outcome{
			reply: []any{"refused", within(long), 41},
			lock:  entry{theirs, long, ""}, fence: entry{"41", long, ""},
		},
		real: true,
	},
	{
		name:  "guard: a node that abstains leaves another's key alone",
		given: []command{set(lock, theirs, long)},
		call:  guarded("", never),
		want: outcome{
			reply: []any{"abstained", runID{}, uptime{}},
			lock:  entry{theirs, long, ""},
		},
		real: true,
	},
	{
		name:  "guard: a token that was given up gets nothing",
		given: []command{set(scripts.TombstoneKey(lock, mine), "", long)},
		call:  guarded(runID{}, ""),
		want:  outcome{reply: []any{"released"}, tombstone: entry{"", long, ""}},
		real:  true,
	},
	{
		name: "guard: without fencing the grant tells 0",
		call: call{
			scripts.Acquire, mine,
			[]string{lock, scripts.TombstoneKey(lock, mine)},
			[]any{mine, short, 0, runID{}, ""},
		},
		want: outcome{reply: []any{"granted", 0, runID{}, uptime{}}, lock: entry{mine, short, ""}},
		real: true,
	},
}

var guardedGrant = outcome{
	reply: []any{"granted", 1, runID{}, uptime{}},
	lock:  entry{mine, short, ""}, fence: entry{"1", week, ""},
}

func guardedHandOver(known, enough any) call {
	c := handOver(mine, heir, 0, 0)
	c.args = append(c.args, known, enough)
	return c
}

// guardedHandOvers ask for what INFO tells, which miniredis does not.
var guardedHandOvers = []scenario{
	{
		name:  "handover: a node that abstains lets go of the lock, and grants nothing",
		given: []command{set(lock, mine, long), set(fence, "41", long)},
		call:  guardedHandOver("", never),
		want:  outcome{reply: []any{1, []any{"abstained", runID{}, uptime{}}}, fence: entry{"41", long, ""}},
		again: &outcome{
			reply: []any{0, []any{"abstained", runID{}, uptime{}}},
			fence: entry{"41", long, ""}, tombstone: entry{"", long, ""},
		},
		real: true,
	},
	{
		name:  "handover: a node of another run_id abstains where uptime counts for nothing",
		given: []command{set(lock, mine, long)},
		call:  guardedHandOver("c0ffee", ""),
		want:  outcome{reply: []any{1, []any{"abstained", runID{}, uptime{}}}},
		again: &outcome{reply: []any{0, []any{"abstained", runID{}, uptime{}}}, tombstone: entry{"", long, ""}},
		real:  true,
	},
	{
		name:  "handover: a node of the run_id known votes for the next",
		given: []command{set(lock, mine, long)},
		call:  guardedHandOver(runID{}, ""),
		want: outcome{
			reply: []any{1, []any{"granted", 1, runID{}, uptime{}}},
			lock:  entry{heir, short, ""}, fence: entry{"1", week, ""},
		},
		again: &outcome{
			reply: []any{[]any{"refused", within(short), 0}, []any{"granted", 1, runID{}, uptime{}}},
			lock:  entry{heir, short, ""}, fence: entry{"1", week, ""}, tombstone: entry{"", long, ""},
		},
		real: true,
	},
}
