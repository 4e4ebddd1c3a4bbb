package scripts_test

import (
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/internal/redistest"
	"github.com/lilith/distlock/internal/scripts"
)

// releaseAndTell is a release that has the next told, but not who is behind the entry.
func releaseAndTell(token, entry string) call {
	c := release(token, 0)
	c.keys = append(c.keys, queue)
	c.args = append(c.args, entry)
	return c
}

// tellScenarios are those of a release that has the next in the queue told.
var tellScenarios = []scenario{
	{
		name:      "tell: the first who waits is told, and leaves; nobody is the second time",
		given:     append(queued(short, one, another), set(lock, mine, long)),
		listening: []string{one, another},
		call:      releaseAndTell(mine, ""),
		want:      outcome{reply: 2, heard: told(one, mine), queue: inQueue(short, another)},
		again:     &outcome{reply: 0, tombstone: entry{"", short, ""}, queue: inQueue(short, another)},
	},
	{
		name:  "tell: where nobody waits the lock is released all the same",
		given: []command{set(lock, mine, long)},
		call:  releaseAndTell(mine, me),
		want:  outcome{reply: 1},
		again: &buried,
	},
	{
		name:      "tell: the releaser's own entry leaves, and is not told",
		given:     append(queued(short, me, one), set(lock, mine, long)),
		listening: []string{me, one},
		call:      releaseAndTell(mine, me),
		want:      outcome{reply: 2, heard: told(one, mine)},
		again:     &buried,
	},
	{
		name:      "tell: the releaser's own entry alone is nobody",
		given:     append(queued(short, me), set(lock, mine, long)),
		listening: []string{me},
		call:      releaseAndTell(mine, me),
		want:      outcome{reply: 1},
		again:     &buried,
	},
	{
		name:      "tell: an entry behind which nobody is any more leaves, and the next is told",
		given:     append(queued(short, "pgone", one, another), set(lock, mine, long)),
		listening: []string{one},
		call:      releaseAndTell(mine, me),
		want:      outcome{reply: 2, heard: told(one, mine), queue: inQueue(short, another)},
		again:     &outcome{reply: 0, tombstone: entry{"", short, ""}, queue: inQueue(short, another)},
	},
	{
		name:  "tell: where nobody is behind any entry all leave",
		given: append(queued(short, one, another, sharded, "p", "s", "", "x"), set(lock, mine, long)),
		call:  releaseAndTell(mine, me),
		want:  outcome{reply: 1},
		again: &buried,
	},
	{
		name: "tell: of a long queue sixteen are tried",
		given: append(queued(short, "p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7",
			"p8", "p9", "p10", "p11", "p12", "p13", "p14", "p15", one), set(lock, mine, long)),
		listening: []string{one},
		call:      releaseAndTell(mine, me),
		want:      outcome{reply: 1, queue: inQueue(short, one)},
		again:     &outcome{reply: 0, tombstone: entry{"", short, ""}, queue: inQueue(short, one)},
	},
	{
		name:      "tell: who waits on a sharded channel is told there",
		given:     append(queued(short, sharded, one), set(lock, mine, long)),
		listening: []string{sharded, "p" + sharded[1:], one},
		call:      releaseAndTell(mine, me),
		want:      outcome{reply: 2, heard: told(sharded, mine), queue: inQueue(short, one)},
		again:     &outcome{reply: 0, tombstone: entry{"", short, ""}, queue: inQueue(short, one)},
		real:      true, // miniredis knows no sharded channel
	},
	{
		name:      "tell: nobody is told of a lock that was gone",
		given:     queued(short, one),
		listening: []string{one},
		call:      releaseAndTell(mine, me),
		want:      outcome{reply: 0, tombstone: entry{"", short, ""}, queue: inQueue(short, one)},
	},
	{
		name:      "tell: nobody is told of another's lock",
		given:     append(queued(short, one), set(lock, theirs, long)),
		listening: []string{one},
		call:      releaseAndTell(mine, me),
		want: outcome{
			reply: []any{"refused", within(long), 0},
			lock:  entry{theirs, long, ""}, tombstone: entry{"", short, ""}, queue: inQueue(short, one),
		},
	},
	{
		name:  "tell: a queue of the wrong type holds up no release",
		given: []command{set(lock, mine, long), set(queue, "x", long)},
		call:  releaseAndTell(mine, me),
		want:  outcome{reply: 1, queue: entry{"x", long, ""}},
		again: &outcome{reply: 0, tombstone: entry{"", short, ""}, queue: entry{"x", long, ""}},
	},
	{
		name:      "tell: a token of any bytes is told as it is",
		given:     append(queued(short, one), set(lock, anyBytes, long)),
		listening: []string{one},
		call:      releaseAndTell(anyBytes, me),
		want:      outcome{reply: 2, heard: told(one, anyBytes)},
		again:     &buried,
	},
	{
		name:      "tell: without the queue's name nobody is told",
		given:     append(queued(short, one), set(lock, mine, long)),
		listening: []string{one},
		call:      release(mine, 0),
		want:      outcome{reply: 1, queue: inQueue(short, one)},
		again:     &outcome{reply: 0, tombstone: entry{"", short, ""}, queue: inQueue(short, one)},
	},
}

func TestAUserWithoutRightsToAQueueReleasesAllTheSame(t *testing.T) {
	server := redistest.Start(t)
	for _, rights := range [][]any{
		{"-publish"},
		{"resetchannels"},
		{"-@sortedset"},
		{"-zrem"},
		{"-zrange"},
		{"-@pubsub", "-@sortedset", "resetchannels"},
		{"resetkeys", "~" + lock, "~" + scripts.TombstoneKey(lock, mine)},
	} {
		t.Run(rights[0].(string), func(t *testing.T) {
			server.Do(append([]any{"ACL", "SETUSER", "weak", "reset", "on", ">pw", "~*", "&*", "+@all"}, rights...)...)
			p := &play{T: t, client: server.Client()}
			p.do("FLUSHALL")
			for _, c := range append(queued(short, one), set(lock, mine, long)) {
				p.do(c...)
			}
			c := releaseAndTell(mine, me)
			if rights[0] == "resetkeys" {
				c = release(mine, 0) // Redis refuses a script whose keys are not the user's
			}
			weak := &play{T: t, client: redis.NewClient(&redis.Options{Addr: server.Addr(), Username: "weak", Password: "pw"})}
			defer weak.client.Close()
			require.EqualValues(t, 1, weak.do(append([]any{"EVAL", scripts.Release.Source}, p.arguments(c)...)...))
			require.EqualValues(t, 0, p.do("EXISTS", lock))
		})
	}
}
