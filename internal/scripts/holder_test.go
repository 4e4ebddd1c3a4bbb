package scripts_test

import (
	"time"

	"github.com/lilith/distlock/internal/scripts"
)

func accept(token string, proposed any) call {
	return call{scripts.Accept, token, []string{lock, fence}, []any{token, proposed, short}}
}

var acceptScenarios = []scenario{
	{
		name:  "accept: mine and a lower counter becomes the proposal",
		given: []command{set(lock, mine, short), set(fence, "41", short)},
		call:  accept(mine, 50),
		want:  outcome{reply: 1, lock: entry{mine, short, ""}, fence: entry{"50", week, ""}},
	},
	{
		name:  "accept: mine and an equal counter stays",
		given: []command{set(lock, mine, short), set(fence, "50", short)},
		call:  accept(mine, 50),
		want:  outcome{reply: 1, lock: entry{mine, short, ""}, fence: entry{"50", week, ""}},
	},
	{
		name:  "accept: mine and no counter becomes the proposal",
		given: []command{set(lock, mine, short)},
		call:  accept(mine, 50),
		want:  outcome{reply: 1, lock: entry{mine, short, ""}, fence: entry{"50", week, ""}},
	},
	{
		name:  "accept: the counter of a longer lease is kept twice as long as that",
		given: []command{set(lock, mine, long), set(fence, "41", short)},
		call:  call{scripts.Accept, mine, []string{lock, fence}, []any{mine, 50, 5 * 24 * time.Hour}},
		want:  outcome{reply: 1, lock: entry{mine, long, ""}, fence: entry{"50", 10 * 24 * time.Hour, ""}},
	},
	{
		name:  "accept: sixteen digits are kept as they are",
		given: []command{set(lock, mine, short), set(fence, "1767225600123456", short)},
		call:  accept(mine, "1767225600123457"),
		want:  outcome{reply: 1, lock: entry{mine, short, ""}, fence: entry{"1767225600123457", week, ""}},
	},
	{
		name:  "accept: a higher counter refuses",
		given: []command{set(lock, mine, short), set(fence, "51", long)},
		call:  accept(mine, 50),
		want: outcome{
			reply: []any{"refused", within(short), 51},
			lock:  entry{mine, short, ""}, fence: entry{"51", long, ""},
		},
	},
	{
		name:  "accept: one above a proposal of sixteen digits refuses",
		given: []command{set(lock, mine, short), set(fence, "1767225600123458", long)},
		call:  accept(mine, "1767225600123457"),
		want: outcome{
			reply: []any{"refused", within(short), 1767225600123458},
			lock:  entry{mine, short, ""}, fence: entry{"1767225600123458", long, ""},
		},
	},
	{
		name:  "accept: another's lock refuses",
		given: []command{set(lock, theirs, long), set(fence, "41", long)},
		call:  accept(mine, 50),
		want: outcome{
			reply: []any{"refused", within(long), 41},
			lock:  entry{theirs, long, ""}, fence: entry{"41", long, ""},
		},
	},
	{
		name:  "accept: a token that begins as the owner's is another's",
		given: []command{set(lock, "worker-1", long), set(fence, "41", long)},
		call:  accept("worker-12", 50),
		want: outcome{
			reply: []any{"refused", within(long), 41},
			lock:  entry{"worker-1", long, ""}, fence: entry{"41", long, ""},
		},
	},
	{
		name:  "accept: an absent lock refuses, and is not created",
		given: []command{set(fence, "41", long)},
		call:  accept(mine, 50),
		want:  outcome{reply: []any{"refused", -2, 41}, fence: entry{"41", long, ""}},
	},
	{
		name:  "accept: a lock of the wrong type is an error",
		given: []command{{"RPUSH", lock, "x"}, {"PEXPIRE", lock, long.Milliseconds()}, set(fence, "41", long)},
		call:  accept(mine, 50),
		want: outcome{
			reply: failed("WRONGTYPE"),
			lock:  entry{ttl: long, kind: "list"}, fence: entry{"41", long, ""},
		},
	},
	{
		name:  "accept: a counter of the wrong type is an error",
		given: []command{set(lock, mine, short), {"RPUSH", fence, "x"}, {"PEXPIRE", fence, long.Milliseconds()}},
		call:  accept(mine, 50),
		want: outcome{
			reply: failed("WRONGTYPE"),
			lock:  entry{mine, short, ""}, fence: entry{ttl: long, kind: "list"},
		},
	},
	{
		name:  "accept: a counter that is none is an error",
		given: []command{set(lock, mine, short), set(fence, "spoiled", long)},
		call:  accept(mine, 50),
		want: outcome{
			reply: failed("WRONGTYPE"),
			lock:  entry{mine, short, ""}, fence: entry{"spoiled", long, ""},
		},
	},
}

func extend(token string, ttl time.Duration) call {
	return call{scripts.Extend, token, []string{lock, fence}, []any{token, ttl}}
}

var extendScenarios = []scenario{
	{
		name:  "extend: mine lasts longer, and the counter is kept",
		given: []command{set(lock, mine, short), set(fence, "41", short)},
		call:  extend(mine, long),
		want:  outcome{reply: 1, lock: entry{mine, long, ""}, fence: entry{"41", week, ""}},
	},
	{
		name:  "extend: mine is never shortened",
		given: []command{set(lock, mine, long), set(fence, "41", short)},
		call:  extend(mine, short),
		want:  outcome{reply: 1, lock: entry{mine, long, ""}, fence: entry{"41", week, ""}},
	},
	{
		name:  "extend: the counter of a longer lease is kept twice as long as that",
		given: []command{set(lock, mine, short), set(fence, "41", short)},
		call:  extend(mine, 5*24*time.Hour),
		want: outcome{
			reply: 1,
			lock:  entry{mine, 5 * 24 * time.Hour, ""}, fence: entry{"41", 10 * 24 * time.Hour, ""},
		},
	},
	{
		name:  "extend: mine without an expiry gets one",
		given: []command{{"SET", lock, mine}},
		call:  extend(mine, short),
		want:  outcome{reply: 1, lock: entry{mine, short, ""}},
	},
	{
		name: "extend: an absent lock is not created, nor a counter",
		call: extend(mine, short),
		want: outcome{reply: 0},
	},
	{
		name:  "extend: another's lock is refused with its PTTL",
		given: []command{set(lock, theirs, short), set(fence, "41", short)},
		call:  extend(mine, long),
		want: outcome{
			reply: []any{"refused", within(short), 0},
			lock:  entry{theirs, short, ""}, fence: entry{"41", short, ""},
		},
	},
	{
		name:  "extend: a token that begins as mine is another's",
		given: []command{set(lock, "worker-12", short)},
		call:  extend("worker-1", long),
		want:  outcome{reply: []any{"refused", within(short), 0}, lock: entry{"worker-12", short, ""}},
	},
	{
		name:  "extend: without fencing the counter is not touched",
		given: []command{set(lock, mine, short), set(fence, "41", short)},
		call:  call{scripts.Extend, mine, []string{lock}, []any{mine, long}},
		want:  outcome{reply: 1, lock: entry{mine, long, ""}, fence: entry{"41", short, ""}},
	},
	{
		name:  "extend: a lock of the wrong type is an error",
		given: []command{{"RPUSH", lock, "x"}, {"PEXPIRE", lock, short.Milliseconds()}},
		call:  extend(mine, long),
		want:  outcome{reply: failed("WRONGTYPE"), lock: entry{ttl: short, kind: "list"}},
	},
}
