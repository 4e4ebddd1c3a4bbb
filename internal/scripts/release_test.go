package scripts_test

import "github.com/lilith/distlock/internal/scripts"

// release is a call that leaves a tombstone in any case where flag is 1.
func release(token string, flag int) call {
	return call{
		scripts.Release, token,
		[]string{lock, scripts.TombstoneKey(lock, token)},
		[]any{token, short, flag},
	}
}

// buried is what is left of a token that had nothing to release.
var buried = outcome{reply: 0, tombstone: entry{"", short, ""}}

var releaseScenarios = []scenario{
	{
		name:  "release: mine is deleted; the second finds nothing, and leaves a tombstone",
		given: []command{set(lock, mine, long)},
		call:  release(mine, 0),
		want:  outcome{reply: 1},
		again: &buried,
	},
	{
		name:  "release: mine that was given up is deleted, and leaves a tombstone",
		given: []command{set(lock, mine, long)},
		call:  release(mine, 1),
		want:  outcome{reply: 1, tombstone: entry{"", short, ""}},
		again: &buried,
	},
	{
		name:  "release: mine without an expiry is deleted",
		given: []command{{"SET", lock, mine}},
		call:  release(mine, 0),
		want:  outcome{reply: 1},
		again: &buried,
	},
	{
		name:  "release: the counter outlives the lock",
		given: []command{set(lock, mine, long), set(fence, "41", long)},
		call:  release(mine, 0),
		want:  outcome{reply: 1, fence: entry{"41", long, ""}},
		again: &outcome{reply: 0, fence: entry{"41", long, ""}, tombstone: entry{"", short, ""}},
	},
	{
		name: "release: an absent lock leaves a tombstone",
		call: release(mine, 0),
		want: buried,
	},
	{
		name: "release: an absent lock that was given up leaves a tombstone",
		call: release(mine, 1),
		want: buried,
	},
	{
		name:  "release: another's lock is untouched, and a tombstone left",
		given: []command{set(lock, theirs, long)},
		call:  release(mine, 0),
		want: outcome{
			reply: []any{"refused", within(long), 0},
			lock:  entry{theirs, long, ""}, tombstone: entry{"", short, ""},
		},
	},
	{
		name:  "release: a token that begins as mine is another's",
		given: []command{set(lock, "worker-12", long)},
		call:  release("worker-1", 1),
		want: outcome{
			reply: []any{"refused", within(long), 0},
			lock:  entry{"worker-12", long, ""}, tombstone: entry{"", short, ""},
		},
	},
	{
		name:  "release: a token of any bytes is deleted",
		given: []command{set(lock, anyBytes, long)},
		call:  release(anyBytes, 1),
		want:  outcome{reply: 1, tombstone: entry{"", short, ""}},
		again: &buried,
	},
	{
		name:  "release: an empty value is another's",
		given: []command{set(lock, "", long)},
		call:  release(mine, 0),
		want: outcome{
			reply: []any{"refused", within(long), 0},
			lock:  entry{"", long, ""}, tombstone: entry{"", short, ""},
		},
	},
	{
		name:  "release: a lock of the wrong type is an error, and stays",
		given: []command{{"RPUSH", lock, "x"}, {"PEXPIRE", lock, long.Milliseconds()}},
		call:  release(mine, 1),
		want:  outcome{reply: failed("WRONGTYPE"), lock: entry{ttl: long, kind: "list"}},
	},
}

var check = call{script: scripts.Check, keys: []string{lock, fence}}

var checkScenarios = []scenario{
	{
		name: "check: a free lock that never was",
		call: check,
		want: outcome{reply: []any{"", -2, 0}},
	},
	{
		name:  "check: a free lock that was",
		given: []command{set(fence, "41", long)},
		call:  check,
		want:  outcome{reply: []any{"", -2, 41}, fence: entry{"41", long, ""}},
	},
	{
		name:  "check: owner, PTTL and counter",
		given: []command{set(lock, theirs, short), set(fence, "1767225600123457", long)},
		call:  check,
		want: outcome{
			reply: []any{theirs, within(short), 1767225600123457},
			lock:  entry{theirs, short, ""}, fence: entry{"1767225600123457", long, ""},
		},
	},
	{
		name:  "check: an owner of any bytes",
		given: []command{set(lock, anyBytes, short)},
		call:  check,
		want:  outcome{reply: []any{anyBytes, within(short), 0}, lock: entry{anyBytes, short, ""}},
	},
	{
		name:  "check: a lock that never expires",
		given: []command{{"SET", lock, theirs}},
		call:  check,
		want:  outcome{reply: []any{theirs, -1, 0}, lock: entry{theirs, endless, ""}},
	},
	{
		name:  "check: an empty value is told from a free lock by its PTTL",
		given: []command{set(lock, "", short)},
		call:  check,
		want:  outcome{reply: []any{"", within(short), 0}, lock: entry{"", short, ""}},
	},
	{
		name:  "check: a counter that is none tells 0",
		given: []command{set(fence, "spoiled", long)},
		call:  check,
		want:  outcome{reply: []any{"", -2, 0}, fence: entry{"spoiled", long, ""}},
	},
	{
		name:  "check: a lock of the wrong type is an error",
		given: []command{{"RPUSH", lock, "x"}, {"PEXPIRE", lock, long.Milliseconds()}},
		call:  check,
		want:  outcome{reply: failed("WRONGTYPE"), lock: entry{ttl: long, kind: "list"}},
	},
	{
		name:  "check: a counter of the wrong type is an error",
		given: []command{{"RPUSH", fence, "x"}, {"PEXPIRE", fence, long.Milliseconds()}},
		call:  check,
		want:  outcome{reply: failed("WRONGTYPE"), fence: entry{ttl: long, kind: "list"}},
	},
}
