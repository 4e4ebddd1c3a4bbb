package scripts_test

import (
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/internal/redistest"
	"github.com/lilith/distlock/internal/scripts"
)

// heir is the token of one who waits in the holder's process.
const heir = "5d1be3c9-heir"

// handOver is a call with fencing, as a Locker makes it; the holder's TTL is long, the
// next one's short. The release leaves a tombstone in any case where flag is 1.
func handOver(token, next string, flag int, hint any) call {
	return call{
		script: scripts.HandOver, token: token,
		keys: []string{lock, scripts.TombstoneKey(lock, token), scripts.TombstoneKey(lock, next), fence},
		args: []any{token, long, flag, next, short, hint},
	}
}

func handOverUnfenced(token, next string) call {
	c := handOver(token, next, 0, 0)
	c.keys = c.keys[:3]
	return c
}

// handedOn is what there is after a hand-over, and after it was run once more: the
// lock is not the old holder's any more, and is the new one's.
func handedOn(counter string) (first outcome, again *outcome) {
	first = outcome{
		reply: []any{1, number(nil, counter)},
		lock:  entry{heir, short, ""}, fence: entry{counter, week, ""},
	}
	second := first
	second.reply = []any{[]any{"refused", within(short), 0}, number(nil, counter)}
	second.tombstone = entry{"", long, ""}
	return first, &second
}

// handOverCase makes a scenario of a hand-over that succeeds.
func handOverCase(name string, c call, counter string, given ...command) scenario {
	s := scenario{name: "handover: " + name, given: given, call: c}
	s.want, s.again = handedOn(counter)
	return s
}

var handOverScenarios = append([]scenario{
	handOverCase("mine becomes the next one's, with a larger counter and a TTL of its own",
		handOver(mine, heir, 0, 0), "42", set(lock, mine, long), set(fence, "41", short)),
	handOverCase("the counter is no less than the hint",
		handOver(mine, heir, 0, 1000), "1000", set(lock, mine, long), set(fence, "41", short)),
	handOverCase("mine without an expiry becomes the next one's, with one",
		handOver(mine, heir, 0, 0), "1", command{"SET", lock, mine}),
	handOverCase("another token's tombstone is nothing to the next",
		handOver(mine, heir, 0, 0), "1", set(lock, mine, long), set(scripts.TombstoneKey(lock, theirs), "", long)),
	handOverCase("tokens may hold any bytes",
		handOver(anyBytes, heir, 0, 0), "1", set(lock, anyBytes, long)),
	{
		name:  "handover: mine that was given up leaves a tombstone",
		given: []command{set(lock, mine, long), set(fence, "41", short)},
		call:  handOver(mine, heir, 1, 0),
		want: outcome{
			reply: []any{1, 42},
			lock:  entry{heir, short, ""}, fence: entry{"42", week, ""}, tombstone: entry{"", long, ""},
		},
		again: &outcome{
			reply: []any{[]any{"refused", within(short), 0}, 42},
			lock:  entry{heir, short, ""}, fence: entry{"42", week, ""}, tombstone: entry{"", long, ""},
		},
	},
	{
		name: "handover: an absent lock was not the holder's, and becomes the next one's",
		call: handOver(mine, heir, 0, 0),
		want: outcome{
			reply: []any{0, 1},
			lock:  entry{heir, short, ""}, fence: entry{"1", week, ""}, tombstone: entry{"", long, ""},
		},
		again: &outcome{
			reply: []any{[]any{"refused", within(short), 0}, 1},
			lock:  entry{heir, short, ""}, fence: entry{"1", week, ""}, tombstone: entry{"", long, ""},
		},
	},
	{
		name:  "handover: another's lock is untouched, and neither's",
		given: []command{set(lock, theirs, long), set(fence, "41", long)},
		call:  handOver(mine, heir, 0, 1000),
		want: outcome{
			reply: []any{[]any{"refused", within(long), 0}, []any{"refused", within(long), 41}},
			lock:  entry{theirs, long, ""}, fence: entry{"41", long, ""}, tombstone: entry{"", long, ""},
		},
	},
	{
		name:  "handover: a token that begins as mine is another's",
		given: []command{set(lock, "worker-12", long)},
		call:  handOver("worker-1", heir, 0, 0),
		want: outcome{
			reply: []any{[]any{"refused", within(long), 0}, []any{"refused", within(long), 0}},
			lock:  entry{"worker-12", long, ""}, tombstone: entry{"", long, ""},
		},
	},
	{
		name:  "handover: a next one that was given up gets nothing, and the lock is free",
		given: []command{set(lock, mine, long), set(scripts.TombstoneKey(lock, heir), "", short)},
		call:  handOver(mine, heir, 0, 1000),
		want:  outcome{reply: []any{1, []any{"released"}}, nextTombstone: entry{"", short, ""}},
		again: &outcome{
			reply:     []any{0, []any{"released"}},
			tombstone: entry{"", long, ""}, nextTombstone: entry{"", short, ""},
		},
	},
	{
		name:  "handover: a copy that comes once the next one has extended shortens nothing",
		given: []command{set(lock, heir, week), set(fence, "42", week)},
		call:  handOver(mine, heir, 0, 0),
		want: outcome{
			reply: []any{[]any{"refused", within(week), 0}, 42},
			lock:  entry{heir, week, ""}, fence: entry{"42", week, ""}, tombstone: entry{"", long, ""},
		},
	},
	{
		name:  "handover: to oneself releases, and acquires anew",
		given: []command{set(lock, mine, long), set(fence, "41", short)},
		call: call{
			script: scripts.HandOver, token: mine,
			keys: []string{lock, scripts.TombstoneKey(lock, mine), scripts.TombstoneKey(lock, mine), fence},
			args: []any{mine, long, 0, mine, short, 0},
		},
		want:  outcome{reply: []any{1, 42}, lock: entry{mine, short, ""}, fence: entry{"42", week, ""}},
		again: &outcome{reply: []any{1, 43}, lock: entry{mine, short, ""}, fence: entry{"43", week, ""}},
	},
	{
		name:      "handover: nobody is told, as the lock was never free",
		given:     append(queued(short, one), set(lock, mine, long)),
		listening: []string{one},
		call:      handOverUnfenced(mine, heir),
		want:      outcome{reply: []any{1, 0}, lock: entry{heir, short, ""}, queue: inQueue(short, one)},
		again: &outcome{
			reply: []any{[]any{"refused", within(short), 0}, 0},
			lock:  entry{heir, short, ""}, tombstone: entry{"", long, ""}, queue: inQueue(short, one),
		},
	},
	{
		name:  "handover: without fencing the counter is not touched",
		given: []command{set(lock, mine, long), set(fence, "spoiled", long)},
		call:  handOverUnfenced(mine, heir),
		want:  outcome{reply: []any{1, 0}, lock: entry{heir, short, ""}, fence: entry{"spoiled", long, ""}},
		again: &outcome{
			reply: []any{[]any{"refused", within(short), 0}, 0},
			lock:  entry{heir, short, ""}, fence: entry{"spoiled", long, ""}, tombstone: entry{"", long, ""},
		},
	},
	{
		name:  "handover: a lock of the wrong type is an error, and stays",
		given: []command{{"RPUSH", lock, "x"}, {"PEXPIRE", lock, long.Milliseconds()}},
		call:  handOver(mine, heir, 1, 0),
		want:  outcome{reply: failed("WRONGTYPE"), lock: entry{ttl: long, kind: "list"}},
	},
	{
		name:  "handover: a counter of the wrong type is an error of the next one's alone",
		given: []command{set(lock, mine, long), {"RPUSH", fence, "x"}, {"PEXPIRE", fence, long.Milliseconds()}},
		call:  handOver(mine, heir, 0, 0),
		want:  outcome{reply: []any{1, failed("WRONGTYPE")}, fence: entry{ttl: long, kind: "list"}},
		again: &outcome{
			reply: []any{0, failed("WRONGTYPE")},
			fence: entry{ttl: long, kind: "list"}, tombstone: entry{"", long, ""},
		},
	},
	{
		name:  "handover: a counter that is none is an error of the next one's alone",
		given: []command{set(lock, mine, long), set(fence, "spoiled", long)},
		call:  handOver(mine, heir, 0, 0),
		want:  outcome{reply: []any{1, failed("WRONGTYPE")}, fence: entry{"spoiled", long, ""}},
		again: &outcome{
			reply: []any{0, failed("WRONGTYPE")},
			fence: entry{"spoiled", long, ""}, tombstone: entry{"", long, ""},
		},
	},
}, guardedHandOvers...)

// TestALockIsHandedOnAndOn has a copy of each hand-over come late: once its next one has
// handed the lock on, or released it.
func TestALockIsHandedOnAndOn(t *testing.T) {
	onEach(t, func(t *testing.T, client *redis.Client, _ bool) {
		p := &play{T: t, client: client}
		run := func(want any, c call) {
			t.Helper()
			p.match(want, p.eval(append([]any{"EVAL", c.script.Source}, p.arguments(c)...)), c.script.Name)
		}
		refusal := func(ttl time.Duration, counter int) []any { return []any{"refused", within(ttl), counter} }

		run(1, acquire("a", long, 0))
		run([]any{1, 2}, handOver("a", "b", 0, 0))
		run([]any{1, 3}, handOver("b", "c", 1, 0))
		run([]any{refusal(short, 0), refusal(short, 3)}, handOver("a", "b", 0, 0))
		run(refusal(short, 3), acquire("b", short, 0))
		run(1, release("c", 1))
		run([]any{0, []any{"released"}}, handOver("b", "c", 1, 0))
		run([]any{0, []any{"released"}}, handOver("a", "b", 0, 0)) // b was in doubt
		run([]any{"", -2, 3}, check)
		run(4, acquire("d", long, 0))
		require.Empty(t, p.endlessKeys())
	})
}

// TestANodeThatIsFullHandsTheLockOn, as the old key makes room for the new one.
func TestANodeThatIsFullHandsTheLockOn(t *testing.T) {
	server := redistest.Start(t)
	p := &play{T: t, client: server.Client()}
	p.do(set(lock, mine, long)...)
	p.do(queued(long, one)[0]...)
	p.do("CONFIG", "SET", "maxmemory", 1)
	c := handOver(mine, heir, 0, 0)
	p.match([]any{1, 1}, p.eval(append([]any{"EVAL", c.script.Source}, p.arguments(c)...)), "reply")
	p.match(heir, p.do("GET", lock), "lock")

	c = wait(me, 0)
	p.match(failed("OOM"), p.eval(append([]any{"EVAL", c.script.Source}, p.arguments(c)...)), "reply")
	c = releaseAndTell(heir, me)
	p.match(1, p.eval(append([]any{"EVAL", c.script.Source}, p.arguments(c)...)), "reply")
}

func TestAReplicaHandsNothingOn(t *testing.T) {
	server := redistest.Start(t)
	p := &play{T: t, client: server.Client()}
	p.do(set(lock, mine, long)...)
	p.do("REPLICAOF", "127.0.0.1", "1")
	for _, c := range []call{handOver(mine, heir, 0, 0), releaseAndTell(mine, me), wait(me, 0)} {
		p.match(failed("READONLY"), p.eval(append([]any{"EVAL", c.script.Source}, p.arguments(c)...)), c.script.Name)
	}
	p.match(mine, p.do("GET", lock), "lock")
}
