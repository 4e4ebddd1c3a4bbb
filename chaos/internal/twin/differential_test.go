package twin_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos/internal/twin"
)

// start is when programs begin, by the node's clock.
const start = 1_790_000_000_123 * time.Millisecond

// A mini is a twin and a miniredis, of one clock.
type mini struct {
	server *miniredis.Miniredis
	client *redis.Client
	twin   *twin.Node
	now    time.Duration
	ears   *hearing
}

func newMini(tb testing.TB) *mini {
	m := &mini{server: miniredis.NewMiniRedis()}
	m.server.SetTime(time.Unix(0, int64(start)))
	m.server.ClockTTL(true)
	require.NoError(tb, m.server.Start())
	tb.Cleanup(m.server.Close)
	m.client = redis.NewClient(&redis.Options{
		Dialer:                   func(context.Context, string, string) (net.Conn, error) { return m.server.Dial() },
		MaxRetries:               -1,
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	})
	tb.Cleanup(func() { _ = m.client.Close() })
	m.ears = listen(tb, m.client)
	return m
}

// reset empties both, and sets their clocks back.
func (m *mini) reset(tb testing.TB) {
	m.now = start
	m.server.SetTime(time.Unix(0, int64(start)))
	m.server.FlushAll()
	require.NoError(tb, m.client.ScriptFlush(context.Background()).Err())
	m.twin = twin.New("run", start)
	m.ears.follow(m.twin)
}

// play runs a program on both, and requires that they agree.
func (m *mini) play(tb testing.TB, data []byte) {
	m.reset(tb)
	w := &writer{data: data, now: func() time.Duration { return m.now }}
	var played []step
	defer func() {
		if tb.Failed() {
			report(tb, played)
		}
	}()
	for len(played) < 40 && !w.ended() {
		s := w.next()
		played = append(played, s)
		if s.wait > 0 {
			m.wait(s.wait)
			continue
		}
		m.step(tb, s, fmt.Sprintf("step %d: %v", len(played), s))
	}
	require.Equal(tb, m.serverKeys(tb), m.twin.Keys(m.now))
	m.ears.same(tb)
}

// step runs one command on both.
func (m *mini) step(tb testing.TB, s step, what string) {
	value, err := m.client.Do(context.Background(), s.args...).Result()
	got, gotErr := m.twin.Do(m.now, s.args)
	require.Equal(tb, class(err), class(gotErr), "%s\nminiredis: %v\ntwin: %v", what, err, gotErr)
	if s.args[0] == "EVAL" && err != nil {
		// miniredis does not keep a script that raised an error; Redis does.
		require.NoError(tb, m.client.ScriptLoad(context.Background(), s.args[1].(string)).Err())
	}
	require.Equal(tb, classes(value), classes(got), what)
}

// classes is an answer with the class of each error in it.
func classes(v any) any {
	switch v := v.(type) {
	case error:
		return "an error: " + class(v)
	case []any:
		all := make([]any, len(v))
		for i := range v {
			all[i] = classes(v[i])
		}
		return all
	}
	return v
}

func report(tb testing.TB, played []step) {
	for i, s := range played {
		tb.Logf("%3d. %v", i+1, s)
	}
}

// wait lets time pass, but not to the very millisecond of a deadline: miniredis has
// a key gone then, Redis a millisecond later.
func (m *mini) wait(d time.Duration) {
	m.now += d
	for slices.ContainsFunc(m.twin.Keys(m.now), func(k twin.Key) bool { return k.Deadline == m.now }) {
		m.now += time.Millisecond
	}
	m.server.SetTime(time.Unix(0, int64(m.now)))
}

func (m *mini) serverKeys(tb testing.TB) []twin.Key {
	require.NoError(tb, m.client.Exists(context.Background(), "none").Err()) // expires keys
	keys := []twin.Key{}
	for _, name := range m.server.Keys() {
		k := twin.Key{Name: name, Type: m.server.Type(name)}
		switch k.Type {
		case "string":
			k.Value, _ = m.server.Get(name)
		case "zset":
			names, err := m.server.ZMembers(name)
			require.NoError(tb, err)
			k.Value = strings.Join(names, "\n")
		}
		if ttl := m.server.TTL(name); ttl > 0 {
			k.Deadline = m.now + ttl
		}
		keys = append(keys, k)
	}
	return keys
}

// class is the first word of an error that a server answered.
func class(err error) string {
	var answer redis.Error
	switch {
	case err == nil:
		return ""
	case errors.Is(err, redis.Nil):
		return "no value"
	case errors.As(err, &answer):
		word, _, _ := strings.Cut(err.Error(), " ")
		if strings.Contains(err.Error(), ": WRONGTYPE ") {
			return "WRONGTYPE" // miniredis puts words of its own before what a command in a script raises
		}
		return word
	}
	return "no answer: " + err.Error()
}

func TestTheTwinAgreesWithTheScriptsOnMiniredis(t *testing.T) {
	m := newMini(t)
	for seed := range uint64(300) {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { m.play(t, data40(seed)) })
	}
}

func TestTheTwinAgreesOnTheCornersOnMiniredis(t *testing.T) {
	m := newMini(t)
	for _, steps := range corners {
		m.reset(t)
		for _, s := range steps {
			m.step(t, s, s.String())
		}
		require.Equal(t, m.serverKeys(t), m.twin.Keys(m.now))
		m.ears.same(t)
	}
}

// With -fuzz, give -fuzzminimizetime=1x: the server's goroutines make a program reach
// now more, now less, which the fuzzer would look into for a minute each.
func FuzzTwinAgreesWithTheScripts(f *testing.F) {
	for seed := range uint64(20) {
		f.Add(data40(1000 + seed))
	}
	m := newMini(f)
	f.Fuzz(func(t *testing.T, data []byte) { m.play(t, data) })
}
