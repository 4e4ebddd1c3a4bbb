package twin_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos/internal/twin"
	"github.com/lilith/distlock/internal/scripts"
)

// An observer asks one node and requires answers.
type observer struct {
	*testing.T
	*twin.Node
}

func (o *observer) want(want any, now time.Duration, args ...any) {
	o.Helper()
	value, err := o.Do(now, args)
	if wantErr, isErr := want.(error); isErr {
		require.ErrorIs(o, err, wantErr, "%v", args)
		return
	}
	require.NoError(o, err, "%v", args)
	require.Equal(o, want, value, "%v", args)
}

func observe(t *testing.T) *observer { return &observer{t, twin.New("run1", start)} }

func TestAKeyLivesThroughTheMillisecondOfItsDeadline(t *testing.T) {
	o := observe(t)
	o.want("OK", start+999*time.Microsecond, "set", "k", "v", "px", 10) // the fraction is lost
	o.want(int64(10), start, "pttl", "k")
	last := start + 10*time.Millisecond
	o.want("v", last+999*time.Microsecond, "get", "k")
	o.want(int64(0), last, "pttl", "k")
	require.Equal(t, []twin.Key{{Name: "k", Type: "string", Value: "v", Deadline: last}}, o.Keys(last))
	require.Empty(t, o.Keys(last+time.Millisecond))
	o.want(redis.Nil, last+time.Millisecond, "get", "k")
	o.want(int64(-2), last, "pttl", "k") // it was looked at
}

func TestAClockThatJumpsBackBringsBackWhatNothingHasLookedAt(t *testing.T) {
	o := observe(t)
	o.want("OK", start, "set", "k", "v", "px", 10)
	o.want("OK", start, "set", "seen", "v", "px", 10)
	late := start + time.Hour
	o.want(int64(-2), late, "pttl", "seen")
	require.Empty(t, o.Keys(late), "to list keys is not to look at them")
	o.want(int64(3600_010), start-time.Hour, "pttl", "k")
	o.want(redis.Nil, start, "get", "seen")

	o.Expire(late)
	o.want(int64(-2), start, "pttl", "k")
}

func TestUptimeIsADifferenceOfWallClockSeconds(t *testing.T) {
	n := twin.New("run", 10*time.Second+900*time.Millisecond)
	require.EqualValues(t, 0, n.Uptime(10*time.Second+999*time.Millisecond))
	require.EqualValues(t, 1, n.Uptime(11*time.Second), "a second, after a tenth of one")
	require.EqualValues(t, -7, n.Uptime(3*time.Second))
	info, err := n.Do(70*time.Second, []any{"INFO", "server"})
	require.NoError(t, err)
	require.Contains(t, info, "run_id:run\r\n")
	require.Contains(t, info, "uptime_in_seconds:60\r\n")
}

func TestANodeThatHasCrashedAnswersNothing(t *testing.T) {
	o := observe(t)
	o.Crash()
	require.True(t, o.Down())
	o.want(twin.ErrDown, start, "ping")
	o.Restart(start, twin.Kept)
	require.False(t, o.Down())
	o.want("PONG", start, "ping")
}

func TestARestartForgetsAsItsMemorySays(t *testing.T) {
	for memory, want := range map[twin.Memory]any{twin.Kept: "new", twin.Lost: redis.Nil, twin.Older: "old"} {
		t.Run(memory.String(), func(t *testing.T) {
			o := observe(t)
			o.want("OK", start, "set", "k", "old")
			o.want("OK", start, "set", "short", "old", "px", 500)
			o.want("OK", start, "set", "brief", "old", "px", 1500)
			o.Snapshot(start)
			o.want("OK", start, "set", "k", "new")
			o.Crash()
			o.Restart(start+time.Second, memory)
			o.want(want, start+time.Second, "get", "k")
			o.want(redis.Nil, start+time.Second, "get", "short")
			o.want(redis.Nil, start+2*time.Second, "get", "brief")
		})
	}
}

func TestASnapshotServesTwice(t *testing.T) {
	o := observe(t)
	o.want("OK", start, "set", "k", "old")
	o.Snapshot(start)
	for range 2 {
		o.want("OK", start, "set", "k", "new")
		o.Restart(start, twin.Older)
		o.want("old", start, "get", "k")
	}
}

func TestASnapshotKeepsAQueueAsItWas(t *testing.T) {
	o := observe(t)
	o.want(int64(1), start, "zadd", "q", 1, "one")
	o.Snapshot(start)
	o.want(int64(1), start, "zadd", "q", 0, "two")
	o.want(int64(0), start, "zadd", "q", 2, "two")
	o.want([]any{"one", "two"}, start, "zrange", "q", 0, -1)
	o.want(int64(1), start, "zrem", "q", "one")
	o.Restart(start, twin.Older)
	o.want([]any{"one"}, start, "zrange", "q", 0, -1)
}

func TestWhereNobodyListensAMessageReachesNobody(t *testing.T) {
	o := observe(t)
	o.want(int64(0), start, "publish", "channel", "message")
	o.Published = func(channel, message string, _ bool) int { return len(channel) + len(message) }
	o.want(int64(14), start, "publish", "channel", "message")
}

func TestARestartWithoutASnapshotIsEmpty(t *testing.T) {
	o := observe(t)
	o.want("OK", start, "set", "k", "v")
	o.Restart(start, twin.Older)
	o.want(redis.Nil, start, "get", "k")
}

func TestARestartIsANewProcess(t *testing.T) {
	o := observe(t)
	o.want(scripts.Check.SHA, start, "script", "load", scripts.Check.Source)
	first := o.RunID()
	o.Restart(start+time.Hour, twin.Kept)
	require.Len(t, o.RunID(), 40)
	require.NotEqual(t, first, o.RunID())
	require.EqualValues(t, 0, o.Uptime(start+time.Hour))
	_, err := o.Do(start, []any{"evalsha", scripts.Check.SHA, 2, "k", "f"})
	require.True(t, redis.HasErrorPrefix(err, "NOSCRIPT"), "%v", err)

	again := twin.New(first, start)
	again.Restart(start, twin.Lost)
	require.Equal(t, o.RunID(), again.RunID(), "a run replays exactly")
}

func TestAnEvictedKeyIsGone(t *testing.T) {
	o := observe(t)
	o.want("OK", start, "set", "k", "v")
	require.True(t, o.Evict(start, "k"))
	require.False(t, o.Evict(start, "k"))
	o.want(redis.Nil, start, "get", "k")
}

func TestExpiredKeysDoNotPileUp(t *testing.T) {
	o := observe(t)
	for i := range 10_000 {
		now := start + time.Duration(i)*time.Millisecond
		o.want("OK", now, "set", fmt.Sprint(i), "", "px", 100)
	}
	require.Less(t, o.Size(), 300)
	value, err := o.Do(start, []any{"scan", 0, "count", 10})
	require.NoError(t, err)
	require.Len(t, value.([]any)[1], len(o.Keys(start)))
}

func TestMisuseIsNoAnswerOfRedis(t *testing.T) {
	o := observe(t)
	for _, args := range [][]any{
		nil,
		{7},
		{"get", 1.5},
		{"EVAL", "return 1", 0},
		{"script", "load", "return 1"},
		{"script", "kill"},
		{"keys", "a*"},
		{"EVAL", scripts.Acquire.Source, 1, "k", "token", "1000", "0"},
		{"EVAL", scripts.Acquire.Source, 2, "k", "d", "token", "much", "0"},
		{"EVAL", scripts.Acquire.Source, 3, "k", "d", "f", "token", "1000", "many"},
		{"EVAL", scripts.Acquire.Source, 2, "k", "d", "token", "1000", "0", "run"},
	} {
		_, err := o.Do(start, args)
		require.ErrorContains(t, err, "twin: ")
		require.False(t, redis.HasErrorPrefix(err, ""), "%v", err)
	}
	require.Panics(t, func() { twin.New("not a run_id", 0) })
}
