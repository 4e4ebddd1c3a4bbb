package scripts_test

import (
	"context"
	"strconv"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/internal/scripts"
)

// Who waits for the lock, as entries of its queue.
var (
	me      = "p" + scripts.WakeChannel(lock, "me")
	one     = "p" + scripts.WakeChannel(lock, "one")
	another = "p" + scripts.WakeChannel(lock, "another")
	sharded = "s" + scripts.WakeChannel(lock, "sharded")
)

// queued is a queue of these entries, the first one the longest there. Their scores
// are small: whoever comes by the server's clock comes behind them.
func queued(ttl time.Duration, entries ...string) []command {
	all := []command{}
	for i, e := range entries {
		all = append(all, command{"ZADD", queue, strconv.Itoa(i), e})
	}
	return append(all, command{"PEXPIRE", queue, ttl.Milliseconds()})
}

func inQueue(ttl time.Duration, entries ...string) entry { return entry{members(entries), ttl, "zset"} }

// told is the message that who is behind an entry gets.
func told(entry, token string) string { return entry[1:] + " " + token + " " + lock }

// wait is a call of one who waits; he has done so for so long.
func wait(entry string, waited time.Duration) call {
	return call{script: scripts.Queue, keys: []string{lock, queue}, args: []any{entry, waited.Microseconds(), long}}
}

// pass is a call for the next in the queue.
var pass = call{script: scripts.Queue, keys: []string{lock, queue}, args: []any{"", 0, long}}

var queueScenarios = []scenario{
	{
		name:  "queue: one who waits is in the queue, which is kept for as long as told",
		given: []command{set(lock, theirs, short)},
		call:  wait(me, 0),
		want:  outcome{reply: within(short), lock: entry{theirs, short, ""}, queue: inQueue(long, me)},
	},
	{
		name: "queue: one who waits for a lock that is free is told so, and is in the queue",
		call: wait(me, 0),
		want: outcome{reply: -2, queue: inQueue(long, me)},
	},
	{
		name:  "queue: a lock that never expires tells -1",
		given: []command{{"SET", lock, theirs}},
		call:  wait(me, 0),
		want:  outcome{reply: -1, lock: entry{theirs, endless, ""}, queue: inQueue(long, me)},
	},
	{
		name:  "queue: who comes waits behind who is there",
		given: queued(short, one, another),
		call:  wait(me, 0),
		want:  outcome{reply: -2, queue: inQueue(long, one, another, me)},
	},
	{
		name:  "queue: who has waited for longer stands before who came earlier",
		given: append(queued(short, one), command{"ZADD", queue, "9007199254740000", another}),
		call:  wait(me, time.Hour),
		want:  outcome{reply: -2, queue: inQueue(long, one, me, another)},
	},
	{
		name:  "queue: who has waited for ages is the first",
		given: queued(short, one, another),
		call:  wait(me, 100*365*24*time.Hour),
		want:  outcome{reply: -2, queue: inQueue(long, me, one, another)},
	},
	{
		name:  "queue: who waits already is in the queue once",
		given: queued(short, me, one),
		call:  wait(me, 0),
		want:  outcome{reply: -2, queue: inQueue(long, one, me)},
	},
	{
		name:  "queue: one kept for longer is not shortened",
		given: queued(week, one),
		call:  wait(me, 0),
		want:  outcome{reply: -2, queue: inQueue(week, one, me)},
	},
	{
		name:  "queue: one without an expiry gets one",
		given: []command{{"ZADD", queue, 1, one}},
		call:  wait(me, 0),
		want:  outcome{reply: -2, queue: inQueue(long, one, me)},
	},
	{
		name:      "queue: who comes to a free lock has nobody told",
		given:     queued(short, one),
		listening: []string{one},
		call:      wait(me, 0),
		want:      outcome{reply: -2, queue: inQueue(long, one, me)},
	},
	{
		name:  "queue: one of the wrong type is an error to who waits",
		given: []command{set(queue, "x", long)},
		call:  wait(me, 0),
		want:  outcome{reply: failed("WRONGTYPE"), queue: entry{"x", long, ""}},
		real:  true, // miniredis puts words of its own before an error of redis.call
	},
	{
		name:  "queue: a lock of the wrong type is one that is held",
		given: []command{{"RPUSH", lock, "x"}, {"PEXPIRE", lock, short.Milliseconds()}},
		call:  wait(me, 0),
		want:  outcome{reply: within(short), lock: entry{ttl: short, kind: "list"}, queue: inQueue(long, me)},
	},

	// Passing it on.
	{
		name:      "queue: the next is told of a lock that is free, and leaves",
		given:     queued(short, one, another),
		listening: []string{one, another},
		call:      pass,
		want:      outcome{reply: -2, heard: told(one, ""), queue: inQueue(short, another)},
		again:     &outcome{reply: -2, heard: told(another, "")},
	},
	{
		name:      "queue: nobody is told of a lock that is held",
		given:     append(queued(short, one), set(lock, theirs, long)),
		listening: []string{one},
		call:      pass,
		want:      outcome{reply: within(long), lock: entry{theirs, long, ""}, queue: inQueue(short, one)},
	},
	{
		name: "queue: where nobody waits nobody is told, and none is made",
		call: pass,
		want: outcome{reply: -2},
	},
	{
		name:  "queue: one of the wrong type has nobody told",
		given: []command{set(queue, "x", long)},
		call:  pass,
		want:  outcome{reply: -2, queue: entry{"x", long, ""}},
	},
}

func TestWhoWaitsStandsByTheServersClockLessWhatHeHasWaited(t *testing.T) {
	onEach(t, func(t *testing.T, client *redis.Client, _ bool) {
		p := &play{T: t, client: client}
		p.before = p.clock()
		p.do(append([]any{"EVAL", scripts.Queue.Source}, p.arguments(wait(me, time.Hour))...)...)
		p.after = p.clock()
		score := int64(client.ZScore(context.Background(), queue, me).Val()) + time.Hour.Microseconds()
		require.GreaterOrEqual(t, score, p.before)
		require.LessOrEqual(t, score, p.after)
	})
}
