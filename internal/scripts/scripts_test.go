package scripts_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/internal/redistest"
	"github.com/lilith/distlock/internal/scripts"
)

// TestScripts runs every scenario on a simulated Redis, which is everywhere, and
// on a real one, which is what counts.
//
// The call is made twice: by EVAL on a server that knows no script, and again by
// EVALSHA, which finds it under our own SHA. Each must leave what the scenario
// says, and no key without an expiry.
func TestScripts(t *testing.T) {
	scenarios := slices.Concat(acquireScenarios, counterScenarios, guardScenarios,
		acceptScenarios, extendScenarios, releaseScenarios, tellScenarios, handOverScenarios, queueScenarios, checkScenarios)

	onEach(t, func(t *testing.T, client *redis.Client, real bool) {
		for _, s := range scenarios {
			if s.real && !real {
				continue
			}
			t.Run(s.name, func(t *testing.T) { s.play(t, client) })
		}
	})
}

// onEach runs test on a miniredis and on a redis-server, both empty.
func onEach(t *testing.T, test func(t *testing.T, client *redis.Client, real bool)) {
	t.Run("miniredis", func(t *testing.T) {
		client := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
		t.Cleanup(func() { _ = client.Close() })
		test(t, client, false)
	})
	t.Run("redis", func(t *testing.T) { test(t, redistest.Start(t).Client(), true) })
}

// The keys and tokens of all scenarios.
const (
	lock   = "report:2026-11"
	mine   = "0b6e3a52-mine"
	theirs = "91c4d7f0-theirs"
)

var (
	fence = scripts.FenceKey(lock)
	queue = scripts.QueueKey(lock)
)

// TTLs differ by far more than slack, which is the time that a scenario may take.
const (
	slack = time.Minute
	short = 10 * time.Minute
	long  = time.Hour
	week  = 7 * 24 * time.Hour // how long a counter is kept after use
)

// A scenario is one script call: what stands in Redis before, what the script
// answers, and what stands there after.
type scenario struct {
	name  string
	given []command
	call  call
	want  outcome
	again *outcome // of the same call once more; nil where it is as the first
	real  bool     // it asks for what miniredis does not tell

	listening []string // entries of a queue behind whose channels somebody is
}

type command []any

func set(key, value string, ttl time.Duration) command {
	return command{"SET", key, value, "PX", ttl.Milliseconds()}
}

type call struct {
	script *scripts.Script
	token  string
	keys   []string
	args   []any
}

// An outcome is a reply, what was heard of it, and the state after it. A key with no
// entry must not exist; tombstone is that of the call's token, and nextTombstone that of
// the token to which a call hands the lock on.
type outcome struct {
	reply                         any
	heard                         string // channel, blank, message
	lock, fence, tombstone, queue entry
	nextTombstone                 entry
}

// An entry is the value of a key, its type where it is no string, and its TTL. The
// value of a zset is its members in order.
type entry struct {
	value any
	ttl   time.Duration
	kind  string
}

// endless is the TTL of a key that has none.
const endless = time.Duration(-1)

// Values that are known only when the scenario is played.
type (
	within time.Duration // in a reply: a PTTL of this, less what the test has taken
	ahead  time.Duration // the server's clock before the call, in µs, and this
	now    struct{}      // the server's clock during the call, in µs
	runID  struct{}      // the server's run_id
	uptime struct{}      // any uptime in seconds
	failed string        // an error that begins so

	members []string // of a zset, in their order
)

// TestAScriptThatTheServerDoesNotKnowIsNamedSo pins the error that the source is
// sent after.
func TestAScriptThatTheServerDoesNotKnowIsNamedSo(t *testing.T) {
	onEach(t, func(t *testing.T, client *redis.Client, _ bool) {
		err := client.EvalSha(context.Background(), scripts.Check.SHA, []string{lock, fence}).Err()
		require.True(t, redis.HasErrorPrefix(err, "NOSCRIPT"), "%v", err)
	})
}

// TestALockComesAndGoes has the scripts meet what the others left.
func TestALockComesAndGoes(t *testing.T) {
	onEach(t, func(t *testing.T, client *redis.Client, _ bool) {
		p := &play{T: t, client: client}
		for i, step := range []struct {
			call call
			want any
		}{
			{acquire(mine, short, 0), 1},
			{acquire(theirs, short, 0), []any{"refused", within(short), 1}},
			{extend(mine, long), 1},
			{extend(theirs, long), []any{"refused", within(long), 0}},
			{accept(mine, 9), 1},
			{check, []any{mine, within(long), 9}},
			{release(theirs, 1), []any{"refused", within(long), 0}},
			{release(mine, 0), 1},
			{check, []any{"", -2, 9}},
			{extend(mine, long), 0},
			{acquire(theirs, short, 0), []any{"released"}}, // it had given up
			{acquire("a third", short, 0), 10},
			{release(mine, 0), []any{"refused", within(short), 0}},
			{acquire(mine, short, 0), []any{"refused", within(short), 10}},
			{release("a third", 1), 1},
			{acquire("a third", short, 0), []any{"released"}}, // a copy that comes late
			{acquire(mine, short, 0), []any{"released"}},
			{acquire("a fourth", short, 0), 11},
		} {
			p.match(step.want, p.eval(append([]any{"EVAL", step.call.script.Source}, p.arguments(step.call)...)), fmt.Sprintf("step %d", i+1))
		}
		require.Empty(t, p.endlessKeys())
	})
}
