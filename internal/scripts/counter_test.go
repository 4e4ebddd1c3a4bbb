package scripts_test

import (
	"strconv"
	"time"
)

// counterScenarios are those of acquire that turn on the fencing counter.
var counterScenarios = append([]scenario{
	{
		name:  "counter: it is raised by one, and kept for a week more",
		given: []command{set(fence, "41", short)},
		call:  acquire(mine, short, 0),
		want:  granted("42"),
	},
	{
		name:  "counter: one for a longer lease is kept twice as long as that",
		given: []command{set(fence, "41", short)},
		call:  acquire(mine, 5*24*time.Hour, 0),
		want: outcome{
			reply: 42,
			lock:  entry{mine, 5 * 24 * time.Hour, ""}, fence: entry{"42", 10 * 24 * time.Hour, ""},
		},
	},
	{
		name: "counter: a missing one begins at the hint",
		call: acquire(mine, short, 1000),
		want: granted("1000"),
	},
	{
		name:  "counter: a hint above it is taken",
		given: []command{set(fence, "41", short)},
		call:  acquire(mine, short, 1000),
		want:  granted("1000"),
	},
	{
		name:  "counter: a hint of the next number is that",
		given: []command{set(fence, "41", short)},
		call:  acquire(mine, short, 42),
		want:  granted("42"),
	},
	{
		name:  "counter: a hint below it changes nothing",
		given: []command{set(fence, "5000", short)},
		call:  acquire(mine, short, 1000),
		want:  granted("5001"),
	},
	{
		// Lua's own notation of this number is 1.7672256001235e+15.
		name:  "counter: sixteen digits come out as they are",
		given: []command{set(fence, "1767225600123456", short)},
		call:  acquire(mine, short, 0),
		want:  granted("1767225600123457"),
	},
	{
		name:  "counter: sixteen digits are told to who is refused",
		given: []command{set(lock, theirs, long), set(fence, "1767225600123457", long)},
		call:  acquire(mine, short, 0),
		want: outcome{
			reply: []any{"refused", within(long), 1767225600123457},
			lock:  entry{theirs, long, ""}, fence: entry{"1767225600123457", long, ""},
		},
	},
	{
		name:  "counter: the largest is 2^53-1",
		given: []command{set(fence, "9007199254740990", short)},
		call:  acquire(mine, short, 0),
		want:  granted("9007199254740991"),
		// The grant stands, but the counter has had its day: nothing is made of it.
		again: &outcome{
			reply: failed("WRONGTYPE"),
			lock:  entry{mine, short, ""}, fence: entry{"9007199254740991", week, ""},
		},
	},
	{
		name:  "counter: a hint of the server's own time is taken",
		given: []command{set(fence, "41", short)},
		call:  acquire(mine, short, ahead(0)),
		want:  grantedAt(ahead(0)),
	},
	{
		name:  "counter: a hint half an hour ahead of the server's clock is taken",
		given: []command{set(fence, "41", short)},
		call:  acquire(mine, short, ahead(30*time.Minute)),
		want:  grantedAt(ahead(30 * time.Minute)),
	},
	{
		name:  "counter: a hint two hours ahead of the server's clock becomes that clock's",
		given: []command{set(fence, "41", short)},
		call:  acquire(mine, short, ahead(2*time.Hour)),
		want:  grantedAt(now{}),
	},
	{
		name: "counter: a hint beyond 2^53 becomes the server's clock",
		call: acquire(mine, short, "9223372036854775807"),
		want: grantedAt(now{}),
	},
	{
		name:  "counter: a hint out of bounds never lowers one that stands higher",
		given: []command{set(fence, "9000000000000000", short)},
		call:  acquire(mine, short, "9000000060000001"),
		want:  granted("9000000000000001"),
	},
	{
		name:  "counter: a hint up to a minute above the counter is taken, whatever the clock says",
		given: []command{set(fence, "9000000000000000", short)},
		call:  acquire(mine, short, "9000000060000000"),
		want:  granted("9000000060000000"),
	},
	{
		name:  "counter: a hint beyond 2^53 is not taken, however near the counter is",
		given: []command{set(fence, "9007199254740989", short)},
		call:  acquire(mine, short, "9007199254740993"),
		want:  granted("9007199254740990"),
	},
	{
		name: "counter: one for a lease just below a hundred million ms is kept for its week",
		call: acquire(mine, 27*time.Hour, 1000),
		want: outcome{
			reply: 1000,
			lock:  entry{mine, 27 * time.Hour, ""}, fence: entry{"1000", week, ""},
		},
	},
	{
		name:  "counter: one of twenty digits is an error, and no lock",
		given: []command{set(fence, "99999999999999999999", long)},
		call:  acquire(mine, short, 1000),
		want:  outcome{reply: failed("WRONGTYPE"), fence: entry{"99999999999999999999", long, ""}},
		real:  true, // miniredis's Lua reads no number above 2^63
	},
	{
		name:  "counter: one of the wrong type is an error, and nothing is written",
		given: []command{{"RPUSH", fence, "x"}, {"PEXPIRE", fence, long.Milliseconds()}},
		call:  acquire(mine, short, 0),
		want:  outcome{reply: failed("WRONGTYPE"), fence: entry{ttl: long, kind: "list"}},
	},
}, spoiledCounters()...)

// granted is what there is after a grant with the counter given.
func granted(counter string) outcome {
	return outcome{reply: number(nil, counter), lock: entry{mine, short, ""}, fence: entry{counter, week, ""}}
}

// grantedAt is the same with a counter that the server's clock gives.
func grantedAt(clock any) outcome {
	return outcome{reply: clock, lock: entry{mine, short, ""}, fence: entry{clock, week, ""}}
}

// spoiledCounters have a counter that is no counter: it is an error, and no lock.
func spoiledCounters() []scenario {
	var all []scenario
	for _, counter := range []string{
		"", "spoiled", "-5", "+5", "1.5", "1e3", "0x10", " 7", "7 ", "nan", "inf", theirs,
		"9007199254740991", "9007199254740992", "9007199254740993", "9223372036854775807",
	} {
		all = append(all, scenario{
			name:  "counter: one of " + strconv.Quote(counter) + " is an error, and no lock",
			given: []command{set(fence, counter, long)},
			call:  acquire(mine, short, 1000),
			want:  outcome{reply: failed("WRONGTYPE"), fence: entry{counter, long, ""}},
		})
	}
	return all
}
