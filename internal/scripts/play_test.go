package scripts_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/internal/scripts"
)

// A play is one scenario being played.
type play struct {
	*testing.T
	client        *redis.Client
	runID         string
	before, after int64 // the server's clock around the first call, in µs
}

func (s *scenario) play(t *testing.T, client *redis.Client) {
	p := &play{T: t, client: client}
	p.do("FLUSHALL")
	p.do("SCRIPT", "FLUSH")
	for _, c := range s.given {
		p.do(c...)
	}
	ears := p.listen(s.listening)
	if s.real {
		p.runID = infoField(p.do("INFO", "server").(string), "run_id")
	}
	endlessBefore := p.endlessKeys()

	p.before = p.clock()
	args := p.arguments(s.call)
	reply := p.eval(append([]any{"EVAL", s.call.script.Source}, args...))
	p.after = p.clock()
	p.check(&s.want, s.call, reply)
	ears.heard(s.want.heard)

	reply = p.eval(append([]any{"EVALSHA", s.call.script.SHA}, args...))
	again := s.again
	if again == nil {
		again = &s.want
	}
	p.check(again, s.call, reply)
	ears.heard(again.heard)
	require.Subset(p, endlessBefore, p.endlessKeys(), "keys were left without an expiry")
}

func (p *play) do(args ...any) any {
	p.Helper()
	v, err := p.client.Do(context.Background(), args...).Result()
	if errors.Is(err, redis.Nil) {
		return nil
	}
	require.NoError(p, err, "%v", args)
	return v
}

func (p *play) eval(args []any) any {
	v, err := p.client.Do(context.Background(), args...).Result()
	if err != nil {
		return err
	}
	return v
}

// arguments returns those of EVAL and EVALSHA, after the script.
func (p *play) arguments(c call) []any {
	args := []any{len(c.keys)}
	for _, k := range c.keys {
		args = append(args, k)
	}
	for _, a := range c.args {
		args = append(args, p.resolve(a))
	}
	return args
}

func (p *play) clock() int64 {
	at, err := p.client.Time(context.Background()).Result()
	require.NoError(p, err)
	return at.UnixMicro()
}

// resolve returns an argument as it is sent.
func (p *play) resolve(arg any) any {
	switch a := arg.(type) {
	case time.Duration:
		return a.Milliseconds()
	case ahead:
		return p.before + time.Duration(a).Microseconds()
	case runID:
		return p.runID
	}
	return arg
}

func (p *play) check(want *outcome, c call, reply any) {
	p.Helper()
	p.match(want.reply, reply, "reply")
	p.checkKey("lock", lock, want.lock)
	p.checkKey("fence", fence, want.fence)
	p.checkKey("tombstone", scripts.TombstoneKey(lock, c.token), want.tombstone)
	p.checkKey("queue", queue, want.queue)
	if c.script == scripts.HandOver && c.keys[2] != c.keys[1] {
		p.checkKey("next one's tombstone", c.keys[2], want.nextTombstone)
	}
}

func (p *play) checkKey(what, key string, want entry) {
	p.Helper()
	if want == (entry{}) {
		require.EqualValues(p, 0, p.do("EXISTS", key), "%s must not exist", what)
		return
	}
	if want.kind == "" {
		p.match(want.value, p.do("GET", key), what)
	} else {
		require.EqualValues(p, want.kind, p.do("TYPE", key), what)
	}
	if want.kind == "zset" {
		p.match(want.value, p.do("ZRANGE", key, 0, -1), what)
	}
	left := p.do("PTTL", key).(int64)
	if want.ttl == endless {
		require.EqualValues(p, -1, left, "%s has an expiry", what)
		return
	}
	p.match(within(want.ttl), left, "TTL of the "+what)
}

// match requires that got is what want says. Numbers may come as strings.
func (p *play) match(want, got any, what string) {
	p.Helper()
	switch w := want.(type) {
	case []any:
		list, _ := got.([]any)
		require.Len(p, list, len(w), "%s: %v", what, got)
		for i := range w {
			p.match(w[i], list[i], what+"["+strconv.Itoa(i)+"]")
		}
	case members:
		list, _ := got.([]any)
		require.Len(p, list, len(w), "%s: %v", what, got)
		for i := range w {
			require.Equal(p, w[i], list[i], "%s: %v", what, got)
		}
	case failed:
		err, _ := got.(error)
		require.ErrorContains(p, err, string(w), "%s: %v", what, got)
		require.True(p, strings.HasPrefix(err.Error(), string(w)), "%s: %v", what, got)
	case within:
		limit := time.Duration(w)
		require.Greater(p, number(p, got), (limit - slack).Milliseconds(), what)
		require.LessOrEqual(p, number(p, got), limit.Milliseconds(), what)
	case ahead:
		require.Equal(p, p.resolve(w), number(p, got), what)
	case now:
		require.GreaterOrEqual(p, number(p, got), p.before, what)
		require.LessOrEqual(p, number(p, got), p.after, what)
	case runID:
		require.Equal(p, p.runID, got, what)
	case uptime:
		require.GreaterOrEqual(p, number(p, got), int64(0), what)
	default:
		require.EqualValues(p, want, got, what)
	}
}

func (p *play) endlessKeys() []string {
	keys := []string{} // never nil, which Subset refuses
	for _, key := range p.do("KEYS", "*").([]any) {
		if p.do("PTTL", key) == int64(-1) {
			keys = append(keys, key.(string))
		}
	}
	return keys
}

func number(t require.TestingT, v any) int64 {
	if n, ok := v.(int64); ok {
		return n
	}
	s, _ := v.(string)
	n, err := strconv.ParseInt(s, 10, 64)
	require.NoError(t, err)
	return n
}

// infoField returns a field of an answer of INFO.
func infoField(info, field string) string {
	_, rest, _ := strings.Cut(info, field+":")
	value, _, _ := strings.Cut(rest, "\r")
	return value
}
