package twin_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos/internal/twin"
	"github.com/lilith/distlock/internal/redistest"
)

// tolerance is for what turns on the time of day: the server reads its clock a
// little after the twin is told it, and later yet on a busy machine. Nothing else may
// differ, and no TTL in a program is within 50 s of another.
const tolerance = 2 * time.Second

// A pair is a redis-server and a twin of it. Time passes on its own, so a wait takes
// its length off every key's TTL, on both.
type pair struct {
	testing.TB
	client *redis.Client
	twin   *twin.Node
	ears   *hearing
}

func newPair(tb testing.TB, server *redistest.Server) *pair {
	p := &pair{TB: tb, client: server.Client()}
	ctx := context.Background()
	require.NoError(tb, p.client.FlushAll(ctx).Err())
	require.NoError(tb, p.client.ScriptFlush(ctx).Err())
	info := p.client.Info(ctx, "server").Val()
	uptime, err := strconv.Atoi(infoField(info, "uptime_in_seconds"))
	require.NoError(tb, err)
	us, err := strconv.Atoi(infoField(info, "server_time_usec"))
	require.NoError(tb, err)
	started := time.Duration(us)*time.Microsecond - time.Duration(uptime)*time.Second
	p.twin = twin.New(infoField(info, "run_id"), started)
	p.ears = listen(tb, p.client)
	p.ears.follow(p.twin)
	return p
}

func infoField(info, field string) string {
	_, rest, _ := strings.Cut(info, field+":")
	value, _, _ := strings.Cut(rest, "\r")
	return value
}

// now is the server's clock: it runs on this machine.
func (*pair) now() time.Duration { return sinceEpoch().Truncate(time.Microsecond) }

func (p *pair) play(data []byte) {
	now := p.now()
	w := &writer{data: data, now: func() time.Duration { return now }, real: true, run: p.twin.RunID()}
	var played []step
	defer func() {
		if p.Failed() {
			report(p, played)
		}
	}()
	for len(played) < 40 && !w.ended() {
		s := w.next()
		played = append(played, s)
		if s.wait > 0 {
			p.wait(s.wait)
			continue
		}
		p.step(s, fmt.Sprintf("step %d: %v", len(played), s))
	}
	p.sameKeys("at the end")
	p.ears.same(p)
}

// step runs one command on both.
func (p *pair) step(s step, what string) {
	now := p.now()
	value, err := p.client.Do(context.Background(), s.args...).Result()
	got, gotErr := p.twin.Do(now, s.args)
	p.sameError(err, gotErr, what)
	require.True(p, same(value, got), "%s\nredis: %#v\ntwin:  %#v", what, value, got)
	p.followClock()
}

// sameError requires errors of the same words.
func (p *pair) sameError(want, got error, what string) {
	require.Equal(p, fmt.Sprint(want), fmt.Sprint(got), what)
	require.Equal(p, errors.Is(want, redis.Nil), errors.Is(got, redis.Nil), what)
}

// same compares two answers. Numbers may differ by what may have passed between two
// readings of a clock: a PTTL, an uptime, and a counter made of the time of day.
func same(a, b any) bool {
	switch a := a.(type) {
	case []any:
		b, ok := b.([]any)
		if last := len(a) - 1; ok && len(a) == len(b) && last > 1 && (a[0] == "granted" || a[0] == "abstained") {
			late := a[last].(int64) - b[last].(int64)
			return 0 <= late && late <= int64(tolerance.Seconds()) && slices.EqualFunc(a[:last], b[:last], same)
		}
		return ok && slices.EqualFunc(a, b, same)
	case error:
		b, ok := b.(error)
		return ok && a.Error() == b.Error()
	case int64:
		b, ok := b.(int64)
		return ok && (a == b || near(a, b))
	}
	return a == b
}

func near(a, b int64) bool {
	difference := max(a, b) - min(a, b)
	switch {
	case min(a, b) >= 1e15: // a counter, in µs
		return max(a, b) < 1e16 && difference <= tolerance.Microseconds()
	case min(a, b) > 30_000: // a PTTL
		return difference <= tolerance.Milliseconds()
	}
	return false
}

// followClock gives the twin the server's counters where they are made of the time
// of day, and differ by as little as that may.
func (p *pair) followClock() {
	for _, k := range p.twin.Keys(p.now()) {
		mine, err := strconv.ParseInt(k.Value, 10, 64)
		if err != nil || mine < 1e15 {
			continue
		}
		theirs, err := p.client.Get(context.Background(), k.Name).Int64()
		if err != nil || theirs == mine || !near(mine, theirs) {
			continue
		}
		args := []any{"set", k.Name, strconv.FormatInt(theirs, 10)}
		now := p.now()
		if k.Deadline > 0 {
			args = append(args, "px", (k.Deadline - now.Truncate(time.Millisecond)).Milliseconds())
		}
		_, err = p.twin.Do(now, args)
		require.NoError(p, err)
	}
}

const takeOff = `
for _, key in ipairs(redis.call('KEYS', '*')) do
  local left = redis.call('PTTL', key)
  if left > tonumber(ARGV[1]) then
    redis.call('PEXPIRE', key, left - ARGV[1])
  elseif left >= 0 then
    redis.call('DEL', key)
  end
end`

func (p *pair) wait(d time.Duration) {
	err := p.client.Eval(context.Background(), takeOff, nil, d.Milliseconds()).Err()
	require.ErrorIs(p, err, redis.Nil)
	now := p.now()
	for _, k := range p.twin.Keys(now) {
		left := k.Deadline - now.Truncate(time.Millisecond) - d
		if k.Deadline == 0 {
			continue
		}
		_, err := p.twin.Do(now, []any{"pexpire", k.Name, left.Milliseconds()})
		require.NoError(p, err)
	}
}

// sameKeys requires that both hold the same.
func (p *pair) sameKeys(what string) {
	ctx := context.Background()
	now := p.now()
	keys := p.twin.Keys(now)
	names := p.client.Keys(ctx, "*").Val()
	slices.Sort(names)
	require.Len(p, names, len(keys), "%s: %q, %v", what, names, keys)
	for i, k := range keys {
		require.Equal(p, names[i], k.Name, what)
		require.Equal(p, p.client.Type(ctx, k.Name).Val(), k.Type, what)
		switch k.Type {
		case "string":
			require.Equal(p, p.client.Get(ctx, k.Name).Val(), k.Value, what)
		case "zset":
			require.Equal(p, strings.Join(p.client.ZRange(ctx, k.Name, 0, -1).Val(), "\n"), k.Value, what)
		}
		left := p.client.Do(ctx, "pttl", k.Name).Val().(int64)
		if k.Deadline == 0 {
			require.EqualValues(p, -1, left, what)
			continue
		}
		require.InDelta(p, left, (k.Deadline - now).Milliseconds(), float64(tolerance.Milliseconds()), what)
	}
}

func TestTheTwinAgreesWithTheScriptsOnRedis(t *testing.T) {
	server := redistest.Start(t)
	for seed := range uint64(200) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { newPair(t, server).play(data40(seed)) })
	}
}

func TestTheTwinAgreesOnTheCornersOnRedis(t *testing.T) {
	server := redistest.Start(t)
	for _, steps := range corners {
		p := newPair(t, server)
		for _, s := range steps {
			p.step(s, s.String())
		}
		p.sameKeys("at the end")
		p.ears.same(p)
	}
}
