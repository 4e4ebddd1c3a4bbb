package peer

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/lilith/distlock/internal/scripts"
)

// The wire's own floors: no client library, no goroutine. One goroutine writes to a
// socket a node and goes on at the answer that makes a majority.
var (
	Raw = rawWith("raw TCP, SET + EVALSHA",
		"SET NX PX and EVALSHA written to the sockets by hand, on at a majority", rawPlain)
	RawScripts = rawWith("raw TCP, our scripts",
		"the library's own two scripts, with fencing, written to the sockets by hand, on at a majority", rawOwn)
)

// rawWords append what is said to b.
type rawWords struct {
	take, drop func(b []byte, key, token string, ttl int64) []byte
}

var rawPlain = rawWords{
	take: func(b []byte, key, token string, ttl int64) []byte {
		return request(b, "SET", key, token, "NX", "PX", strconv.FormatInt(ttl, 10))
	},
	drop: func(b []byte, key, token string, _ int64) []byte {
		return request(b, "EVALSHA", compareAndDelete.Hash(), "1", key, token)
	},
}

var rawOwn = rawWords{
	take: func(b []byte, key, token string, ttl int64) []byte {
		return request(b, "EVALSHA", scripts.Acquire.SHA, "3",
			key, scripts.TombstoneKey(key, token), scripts.FenceKey(key),
			token, strconv.FormatInt(ttl, 10), strconv.FormatInt(time.Now().UnixMicro(), 10))
	},
	drop: func(b []byte, key, token string, ttl int64) []byte {
		return request(b, "EVALSHA", scripts.Release.SHA, "3",
			key, scripts.TombstoneKey(key, token), scripts.QueueKey(key),
			token, strconv.FormatInt(ttl, 10), "0", "")
	},
}

func rawWith(name, about string, w rawWords) Contestant {
	return Contestant{
		Name: name, About: about, Sends: []string{"set", "evalsha", "eval"},
		Open: each(func(s Settings) (Locker, error) {
			if err := loadScripts(s.Addrs); err != nil {
				return nil, err
			}
			l := &rawLocker{words: w, ttl: s.TTL.Milliseconds()}
			for _, addr := range s.Addrs {
				l.nodes = append(l.nodes, &rawNode{addr: addr})
			}
			return l, nil
		}),
	}
}

// loadScripts has the servers know the scripts: the raw floors do not send them.
func loadScripts(addrs []string) error {
	ctx := context.Background()
	for _, addr := range addrs {
		c := redis.NewClient(&redis.Options{Addr: addr})
		err := errors.Join(
			acquireScript.Load(ctx, c).Err(), releaseScript.Load(ctx, c).Err(),
			compareAndDelete.Load(ctx, c).Err(), c.Close())
		if err != nil {
			return err
		}
	}
	return nil
}

type rawLocker struct {
	words rawWords
	ttl   int64 // in ms

	mu    sync.Mutex // guards what follows: one operation at a time
	nodes []*rawNode
	buf   []byte
	wait  poller
}

type rawLock struct {
	l          *rawLocker
	key, token string
}

// Acquire makes one attempt: a floor has nobody to wait for.
func (l *rawLocker) Acquire(ctx context.Context, key string) (Lock, error) { return l.Try(ctx, key) }

// Try asks all nodes once, and gives back what it got where that is no majority.
func (l *rawLocker) Try(_ context.Context, key string) (Lock, error) {
	lock := &rawLock{l, key, rand.Text()}
	if err := l.ask(l.words.take, key, lock.token); err != nil {
		_ = l.ask(l.words.drop, key, lock.token)
		return nil, err
	}
	return lock, nil
}

// Release deletes the key where it is still the lock's.
func (l *rawLock) Release(context.Context) error { return l.l.ask(l.l.words.drop, l.key, l.token) }

func (l *rawLocker) ask(say func([]byte, string, string, int64) []byte, key, token string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = say(l.buf[:0], key, token, l.ttl)
	return l.wait.ask(l.nodes, l.buf, len(l.nodes)/2+1)
}

// Close closes the sockets.
func (l *rawLocker) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range l.nodes {
		n.close()
	}
	return nil
}

// request appends a command in the Redis protocol.
func request(b []byte, args ...string) []byte {
	b = append(b, '*')
	b = strconv.AppendInt(b, int64(len(args)), 10)
	b = append(b, "\r\n"...)
	for _, arg := range args {
		b = append(b, '$')
		b = strconv.AppendInt(b, int64(len(arg)), 10)
		b = append(b, "\r\n"...)
		b = append(b, arg...)
		b = append(b, "\r\n"...)
	}
	return b
}

// replyLen returns the length of the first whole answer in b, 0 where it is not yet
// whole.
func replyLen(b []byte) int {
	line := bytes.Index(b, []byte("\r\n"))
	if line < 1 {
		return 0
	}
	n := line + 2
	if b[0] != '$' && b[0] != '*' {
		return n
	}
	size, _ := strconv.Atoi(string(b[1:line]))
	if b[0] == '$' {
		if size >= 0 {
			n += size + 2
		}
		if n > len(b) {
			return 0
		}
		return n
	}
	for range size {
		part := replyLen(b[n:])
		if part == 0 {
			return 0
		}
		n += part
	}
	return n
}

// replyYes tells what a whole answer says: yes is a status, or a number above 0.
func replyYes(b []byte) (bool, error) {
	switch b[0] {
	case '+':
		return true, nil
	case ':':
		return b[1] != '0' && b[1] != '-', nil
	case '-':
		return false, fmt.Errorf("raw: %s", bytes.TrimSpace(b))
	default:
		return false, nil
	}
}
