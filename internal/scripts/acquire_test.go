package scripts_test

import (
	"strings"
	"time"

	"github.com/lilith/distlock/internal/scripts"
)

// acquire is a call with fencing, as a Locker makes it; hint is the lower bound
// of the fencing token.
func acquire(token string, ttl time.Duration, hint any) call {
	keys := []string{lock, scripts.TombstoneKey(lock, token), fence}
	return call{scripts.Acquire, token, keys, []any{token, ttl, hint}}
}

func acquireUnfenced(token string, ttl time.Duration) call {
	keys := []string{lock, scripts.TombstoneKey(lock, token)}
	return call{scripts.Acquire, token, keys, []any{token, ttl, 0}}
}

// anyBytes is a token that no protocol on the way may touch.
const anyBytes = "\x00\r\n$5 {tag} %s \"'\\ \xff\xfe ü"

var acquireScenarios = []scenario{
	{
		name: "acquire: a free key is set, and the counter raised",
		call: acquire(mine, short, 0),
		want: outcome{reply: 1, lock: entry{mine, short, ""}, fence: entry{"1", week, ""}},
	},
	{
		name:  "acquire: another's key is refused, with its PTTL and the counter",
		given: []command{set(lock, theirs, long), set(fence, "41", long)},
		call:  acquire(mine, short, 1000),
		want: outcome{
			reply: []any{"refused", within(long), 41},
			lock:  entry{theirs, long, ""}, fence: entry{"41", long, ""},
		},
	},
	{
		name:  "acquire: another's key without an expiry is refused, and left so",
		given: []command{{"SET", lock, theirs}},
		call:  acquire(mine, short, 0),
		want:  outcome{reply: []any{"refused", -1, 0}, lock: entry{theirs, endless, ""}},
	},
	{
		name:  "acquire: my own key is granted again, and the counter is not raised",
		given: []command{set(lock, mine, short), set(fence, "41", long)},
		call:  acquire(mine, short, 1000),
		want:  outcome{reply: 41, lock: entry{mine, short, ""}, fence: entry{"41", long, ""}},
	},
	{
		name:  "acquire: a late copy does not shorten a lease that was extended",
		given: []command{set(lock, mine, long), set(fence, "41", long)},
		call:  acquire(mine, short, 0),
		want:  outcome{reply: 41, lock: entry{mine, long, ""}, fence: entry{"41", long, ""}},
	},
	{
		name:  "acquire: my own key lasts as long as asked this time",
		given: []command{set(lock, mine, short), set(fence, "41", long)},
		call:  acquire(mine, long, 0),
		want:  outcome{reply: 41, lock: entry{mine, long, ""}, fence: entry{"41", long, ""}},
	},
	{
		name:  "acquire: my own key without an expiry gets one",
		given: []command{{"SET", lock, mine}, set(fence, "41", long)},
		call:  acquire(mine, short, 0),
		want:  outcome{reply: 41, lock: entry{mine, short, ""}, fence: entry{"41", long, ""}},
	},
	{
		name:  "acquire: my own key whose counter is missing gets one",
		given: []command{set(lock, mine, short)},
		call:  acquire(mine, short, 1000),
		want:  outcome{reply: 1000, lock: entry{mine, short, ""}, fence: entry{"1000", week, ""}},
	},
	{
		name:  "acquire: a token that was given up gets nothing",
		given: []command{set(scripts.TombstoneKey(lock, mine), "", long)},
		call:  acquire(mine, short, 1000),
		want:  outcome{reply: []any{"released"}, tombstone: entry{"", long, ""}},
	},
	{
		name:  "acquire: a token that was given up is refused while another has the key",
		given: []command{set(lock, theirs, long), set(scripts.TombstoneKey(lock, mine), "", long)},
		call:  acquire(mine, short, 0),
		want: outcome{
			reply: []any{"refused", within(long), 0},
			lock:  entry{theirs, long, ""}, tombstone: entry{"", long, ""},
		},
	},
	{
		name:  "acquire: another token's tombstone is nothing to me",
		given: []command{set(scripts.TombstoneKey(lock, theirs), "", long)},
		call:  acquire(mine, short, 0),
		want:  outcome{reply: 1, lock: entry{mine, short, ""}, fence: entry{"1", week, ""}},
	},
	{
		name:  "acquire: a key of the wrong type is an error, and nothing is written",
		given: []command{{"RPUSH", lock, "x"}, {"PEXPIRE", lock, long.Milliseconds()}},
		call:  acquire(mine, short, 0),
		want:  outcome{reply: failed("WRONGTYPE"), lock: entry{ttl: long, kind: "list"}},
	},

	// Tokens are compared in full.
	{
		name:  "acquire: a token that begins as the owner's is another",
		given: []command{set(lock, "worker-1", long)},
		call:  acquire("worker-12", short, 0),
		want:  outcome{reply: []any{"refused", within(long), 0}, lock: entry{"worker-1", long, ""}},
	},
	{
		name:  "acquire: a token that the owner's begins with is another",
		given: []command{set(lock, "worker-12", long)},
		call:  acquire("worker-1", short, 0),
		want:  outcome{reply: []any{"refused", within(long), 0}, lock: entry{"worker-12", long, ""}},
	},
	{
		name:  "acquire: an empty value is an owner",
		given: []command{set(lock, "", long)},
		call:  acquire(mine, short, 0),
		want:  outcome{reply: []any{"refused", within(long), 0}, lock: entry{"", long, ""}},
	},
	{
		name: "acquire: a token may hold any bytes",
		call: acquire(anyBytes, short, 0),
		want: outcome{reply: 1, lock: entry{anyBytes, short, ""}, fence: entry{"1", week, ""}},
	},
	{
		name:  "acquire: tokens that differ in one odd byte differ",
		given: []command{set(lock, strings.ReplaceAll(anyBytes, "\xff", "\xfd"), long)},
		call:  acquire(anyBytes, short, 0),
		want: outcome{
			reply: []any{"refused", within(long), 0},
			lock:  entry{strings.ReplaceAll(anyBytes, "\xff", "\xfd"), long, ""},
		},
	},

	// Without fencing.
	{
		name: "acquire: without fencing no counter is written",
		call: acquireUnfenced(mine, short),
		want: outcome{reply: 0, lock: entry{mine, short, ""}},
	},
	{
		name:  "acquire: without fencing another's key is refused",
		given: []command{set(lock, theirs, long)},
		call:  acquireUnfenced(mine, short),
		want:  outcome{reply: []any{"refused", within(long), 0}, lock: entry{theirs, long, ""}},
	},
	{
		name:  "acquire: without fencing a token that the owner's begins with is another",
		given: []command{set(lock, "worker-12", long)},
		call:  acquireUnfenced("worker-1", short),
		want:  outcome{reply: []any{"refused", within(long), 0}, lock: entry{"worker-12", long, ""}},
	},
	{
		name:  "acquire: without fencing my own key is granted again",
		given: []command{set(lock, mine, short)},
		call:  acquireUnfenced(mine, long),
		want:  outcome{reply: 0, lock: entry{mine, long, ""}},
	},
	{
		name:  "acquire: without fencing a spoiled counter is nobody's business",
		given: []command{set(fence, "spoiled", long)},
		call:  acquireUnfenced(mine, short),
		want:  outcome{reply: 0, lock: entry{mine, short, ""}, fence: entry{"spoiled", long, ""}},
	},
	{
		name:  "acquire: without fencing a token that was given up gets nothing",
		given: []command{set(scripts.TombstoneKey(lock, mine), "", long)},
		call:  acquireUnfenced(mine, short),
		want:  outcome{reply: []any{"released"}, tombstone: entry{"", long, ""}},
	},
}
