package sim

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"
	"github.com/redis/go-redis/v9"

	"github.com/lilith/distlock/chaos"
)

// A miniServer is miniredis, which runs the Lua scripts. It is handed each command on
// the goroutine of the event, without a connection: one with a reader and a writer of
// its own would run beside virtual time.
type miniServer struct {
	mini      *miniredis.Miniredis
	peer      *server.Peer
	reply     bytes.Buffer
	writer    *bufio.Writer
	saved     []saved
	condition chaos.Condition
}

// A saved key is one that an older memory has, with its deadline by the node's clock.
type saved struct {
	key, value string
	deadline   time.Duration // 0 where it never expires
}

func newMini(now time.Duration) (redisServer, error) {
	s := &miniServer{mini: miniredis.NewMiniRedis()}
	s.mini.ClockTTL(true)
	s.mini.SetTime(time.Unix(0, int64(now)))
	conn, err := s.mini.Dial() // it makes its table of commands
	if err != nil {
		return nil, err
	}
	s.writer = bufio.NewWriter(&s.reply)
	s.peer = server.NewPeer(s.writer)
	return s, conn.Close()
}

func (s *miniServer) do(now time.Duration, args []any) (any, error) {
	s.mini.SetTime(time.Unix(0, int64(now)))
	if text := s.refusal(args); text != "" {
		return nil, refusal(text)
	}
	words := make([]string, len(args))
	for i, arg := range args {
		words[i] = fmt.Sprint(arg)
	}
	s.reply.Reset()
	s.mini.Server().Dispatch(s.peer, words)
	s.peer.Flush()
	return decode(bufio.NewReader(&s.reply))
}

// A refusal is an error that a server in a bad condition answers.
type refusal string

func (r refusal) Error() string { return string(r) }

// RedisError implements redis.Error.
func (refusal) RedisError() {}

// refusal returns what the server says in its condition: to every script, for which
// a real one would wait for the first write.
func (s *miniServer) refusal(args []any) string {
	if name, _ := args[0].(string); name != "evalsha" && name != "eval" {
		return ""
	}
	switch s.condition {
	case chaos.IsReadOnly:
		return "READONLY You can't write against a read only replica."
	case chaos.IsLoading:
		return "LOADING Redis is loading the dataset in memory"
	case chaos.IsFull:
		return "OOM command not allowed when used memory > 'maxmemory'."
	case chaos.HasMisconf:
		return "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk."
	case chaos.WantsPassword:
		return "NOAUTH Authentication required."
	case chaos.ForbidsScripts:
		return "NOPERM this user has no permissions to run the 'evalsha' command"
	default:
		return ""
	}
}

func (s *miniServer) restart(now time.Duration, with chaos.Memory) error {
	s.mini.SetTime(time.Unix(0, int64(now)))
	if _, err := s.do(now, []any{"script", "flush"}); err != nil {
		return err
	}
	if with == chaos.Kept {
		return nil
	}
	s.mini.FlushAll()
	if with == chaos.Empty {
		return nil
	}
	for _, k := range s.saved {
		if k.deadline != 0 && k.deadline <= now {
			continue
		}
		if err := s.mini.Set(k.key, k.value); err != nil {
			return fmt.Errorf("restoring %s: %w", k.key, err)
		}
		if k.deadline != 0 {
			s.mini.SetTTL(k.key, k.deadline-now)
		}
	}
	return nil
}

func (s *miniServer) remember(now time.Duration) error {
	s.saved = nil
	for _, k := range s.keys(now) {
		deadline := now + k.TTL
		if k.TTL < 0 {
			deadline = 0
		}
		s.saved = append(s.saved, saved{k.Key, k.Value, deadline})
	}
	return nil
}

func (s *miniServer) suffer(c chaos.Condition) error {
	if c == chaos.BadCertificate {
		return chaos.ErrUnsupported
	}
	s.condition = c
	return nil
}

func (s *miniServer) keys(now time.Duration) []chaos.Sighting {
	s.mini.SetTime(time.Unix(0, int64(now)))
	found := []chaos.Sighting{}
	for _, key := range s.mini.Keys() {
		ttl := s.mini.TTL(key)
		if ttl == 0 {
			ttl = -1
		}
		value, _ := s.mini.Get(key) // another type has none
		found = append(found, chaos.Sighting{Key: key, Value: value, TTL: ttl})
	}
	return found
}

func (s *miniServer) close() {
	s.mini.Close()
}

// decode reads one reply of RESP2, as go-redis delivers it.
func decode(r *bufio.Reader) (any, error) {
	line, err := r.ReadString('\n')
	if err != nil {
		return nil, err
	}
	kind, text := line[0], strings.TrimRight(line[1:], "\r\n")
	if kind == '+' {
		return text, nil
	}
	if kind == '-' {
		return nil, refusal(text)
	}
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case err != nil:
		return nil, err
	case kind == ':':
		return n, nil
	case n < 0:
		return nil, redis.Nil
	case kind == '$':
		bulk := make([]byte, n+2)
		_, err := io.ReadFull(r, bulk)
		return string(bulk[:n]), err
	}
	list := make([]any, n)
	for i := range list {
		list[i], err = decode(r)
		switch no := refusal(""); {
		case err == nil, errors.Is(err, redis.Nil):
		case errors.As(err, &no):
			list[i] = err // of one half of a hand-over
		default:
			return nil, err
		}
	}
	return list, nil
}
