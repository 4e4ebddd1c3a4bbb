package twin_test

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/lilith/distlock/internal/scripts"
)

// A step is a command, or a while in which nothing happens.
type step struct {
	args []any
	wait time.Duration
}

func (s step) String() string {
	if s.wait > 0 {
		return fmt.Sprintf("wait %v", s.wait)
	}
	words := make([]string, len(s.args))
	for i, a := range s.args {
		words[i] = fmt.Sprintf("%.60q", fmt.Sprint(a))
	}
	return strings.Join(words, " ")
}

// A writer makes a program of random bytes: any bytes make one, which is what the
// fuzzer wants.
type writer struct {
	data []byte
	now  func() time.Duration // what hints are about
	real bool                 // for a redis-server, which knows more, and whose time passes
	run  string               // its run_id
}

// data40 are random bytes for a program of forty steps.
func data40(seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 40))
	data := make([]byte, 0, 40*12)
	for len(data) < cap(data) {
		data = binary.LittleEndian.AppendUint64(data, r.Uint64())
	}
	return data
}

// below returns a number from 0 to n-1; 0 where the bytes have ended.
func (w *writer) below(n int) int {
	if len(w.data) == 0 {
		return 0
	}
	b := w.data[0]
	w.data = w.data[1:]
	return int(b) % n
}

func (w *writer) ended() bool { return len(w.data) == 0 }

func pick[T any](w *writer, of ...T) T { return of[w.below(len(of))] }

var (
	locks = []string{"job", "{tag}job", "odd}job"}

	// Each begins as another does, or holds bytes that a protocol may trip over.
	tokens = []string{"worker-1", "worker-12", "", "worker-1\x00", "\r\n\xff{}%s"}

	// Entries of a queue; somebody is behind those of ears, and of them alone.
	waiters = []string{"pear:one", "pear:two", "pgone", "sgone", "p", "x"}
	ears    = []string{"ear:one", "ear:two"}

	// Everything that a fencing counter may not be, and some that it may.
	counters = []string{
		"0", "1", "41", "5000", "007", "1767225600123456",
		"9007199254740989", "9007199254740990", "9007199254740991", "9007199254740992", "9007199254740993",
		"9223372036854775807", "", "spoiled", "-5", "+5", "1.5", "0x10", " 7", "7 ", "--7", "1_0", "0x", "e",
	}

	// Numbers that miniredis's Lua and the server's read in different ways.
	oddCounters = []string{
		"1e3", "3\x004", "99999999999999999999", "inf", "-inf", "nan", "-nan", "infinity", "0x1p4", "0x1.8", "1e400", "+-3", "\v4\f",
		"3\x00 4", "0X1F", "1e18", "0x7fffffffffffffff", "1.", ".5", ".", "+.5e1", "1e", "Infinity", "INF", "nan(1)", "- 5", "1e-400",
	}
)

// next returns the next step.
func (w *writer) next() step {
	lock := pick(w, locks...)
	token := pick(w, tokens...)
	switch w.below(20) {
	case 0, 1, 2, 3, 4:
		return w.acquire(lock, token)
	case 16, 17:
		return w.handOver(lock, token)
	case 18:
		keys := []any{lock, scripts.TombstoneKey(lock, token), scripts.QueueKey(lock)}
		return w.script(scripts.Release, keys, token, w.ttl(), pick(w, "0", "1"), pick(w, waiters...))
	case 19:
		return w.queue(lock)
	case 5:
		return w.script(scripts.Accept, []any{lock, scripts.FenceKey(lock)}, token, w.proposal(), w.ttl())
	case 6, 7:
		keys := []any{lock, scripts.FenceKey(lock)}
		return w.script(scripts.Extend, keys[:1+w.below(2)], token, w.ttl())
	case 8, 9:
		keys := []any{lock, scripts.TombstoneKey(lock, token)}
		return w.script(scripts.Release, keys, token, w.ttl(), pick(w, "0", "1"))
	case 10:
		return w.script(scripts.Check, []any{lock, scripts.FenceKey(lock)})
	case 11:
		return step{wait: w.wait()}
	default:
		return w.plain(lock, token)
	}
}

func (w *writer) acquire(lock, token string) step {
	keys := []any{lock, scripts.TombstoneKey(lock, token), scripts.FenceKey(lock)}
	args := w.guard(token, w.ttl(), w.hint())
	return w.script(scripts.Acquire, keys[:2+min(1, w.below(4))], args...)
}

// guard adds the arguments of a restart guard, or none.
func (w *writer) guard(args ...any) []any {
	if w.real && w.below(2) == 1 {
		args = append(args, pick(w, w.run, "", "c0ffee"), pick(w, "", "0", "-3", "100000"))
	}
	return args
}

func (w *writer) handOver(lock, token string) step {
	next := pick(w, tokens...)
	keys := []any{lock, scripts.TombstoneKey(lock, token), scripts.TombstoneKey(lock, next), scripts.FenceKey(lock)}
	args := w.guard(token, w.ttl(), pick(w, "0", "1"), next, w.ttl(), w.hint())
	return w.script(scripts.HandOver, keys[:3+min(1, w.below(4))], args...)
}

// queue is one who waits, or the next of them being told. On a real server, whose time
// passes, no two stand closer to each other in the queue than it may take.
func (w *writer) queue(lock string) step {
	keys := []any{lock, scripts.QueueKey(lock)}
	if w.below(3) == 0 {
		return w.script(scripts.Queue, keys, "", "0", "0")
	}
	return w.script(scripts.Queue, keys, pick(w, waiters...), pick[any](w, 0, "0", int64(1e10), "100000000000"), w.ttl())
}

func (w *writer) script(s *scripts.Script, keys []any, args ...any) step {
	words := []any{"evalsha", s.SHA, len(keys)}
	if w.below(3) == 0 {
		words = []any{"EVAL", s.Source, len(keys)}
	}
	return step{args: append(append(words, keys...), args...)}
}

// ttl is of 50 s more than some hundreds, mostly; waits are of hundreds. On a real
// server nothing then comes to expire within the time that a test takes.
func (w *writer) ttl() any {
	switch w.below(20) {
	case 0:
		if w.real { // miniredis takes some of these for numbers
			return pick[any](w, "-0", "05", "+50000", "12345678901234567890", "9223372036854775807", "1e5", "0x10")
		}
		return pick[any](w, 0, -5, "0")
	case 1:
		return pick[any](w, 0, -5, "0")
	}
	s := pick(w, 150, 250, 450, 3650, 500_050) // the last keeps a counter for over a week
	ms := int64(s) * 1000
	return pick[any](w, fmt.Sprint(ms), ms, int(ms))
}

func (w *writer) wait() time.Duration {
	s := pick(w, 100, 200, 300, 1000, 10_000)
	return time.Duration(s) * time.Second
}

// hint is the lower bound of a fencing token.
func (w *writer) hint() any {
	us := w.now().Microseconds()
	hour := time.Hour.Microseconds()
	return pick[any](w,
		0, 1, 2, 42, "1000", 6000, us-hour, fmt.Sprint(us), us+hour/2, fmt.Sprint(us+2*hour), us+100*hour,
		int64(1<<53-1), int64(1<<53), "9223372036854775807", -7)
}

func (w *writer) proposal() any {
	return pick[any](w, 0, 1, "42", 43, 5001, w.now().Microseconds(), "9007199254740990", "9007199254740993", "007")
}

// plain is a command of an operator, a test or a fault.
func (w *writer) plain(lock, token string) step {
	key := pick(w, lock, scripts.FenceKey(lock), scripts.TombstoneKey(lock, token), scripts.QueueKey(lock))
	switch w.below(24) {
	case 0, 1, 2:
		value := pick(w, counters...)
		if w.real && w.below(2) == 1 {
			value = pick(w, oddCounters...)
		}
		return step{args: []any{"SET", scripts.FenceKey(lock), value, "PX", w.ttl()}}
	case 3:
		return step{args: []any{"set", key, token}}
	case 4:
		return step{args: []any{"SET", key, token, "NX", "px", w.ttl()}}
	case 5:
		return step{args: []any{"set", key, token, "ex", 250, pick(w, "nx", "NX", "huh")}}
	case 6:
		return step{args: []any{"del", lock, key}}
	case 7:
		return step{args: []any{"PEXPIRE", key, w.ttl()}}
	case 8:
		return step{args: []any{"exists", lock, key, "none"}}
	case 9:
		return step{args: []any{"hset", key, "field", "value"}}
	case 10:
		return step{args: []any{"type", key}}
	case 11:
		return step{args: []any{"script", "flush"}}
	case 12:
		return step{args: []any{"script", "load", pick(w, scripts.Acquire, scripts.Extend).Source}}
	case 13:
		return step{args: []any{"script", "exists", scripts.Acquire.SHA, scripts.Release.SHA, "f00"}}
	case 14:
		return step{args: []any{"pttl", key}}
	case 15:
		return step{args: []any{"FLUSHALL"}}
	case 16:
		if w.real { // miniredis looks for the script first
			return step{args: []any{"evalsha", scripts.Check.SHA, pick[any](w, 7, -1, "x", 3)}}
		}
		return step{args: []any{"get", "none"}}
	case 17, 18:
		return step{args: []any{"zadd", pick(w, key, scripts.QueueKey(lock)), pick(w, "0", "1", "9e15", "much"), pick(w, waiters...)}}
	case 19:
		return step{args: []any{"zrange", pick(w, key, scripts.QueueKey(lock)), 0, -1}}
	case 20:
		return step{args: []any{"zrem", pick(w, key, scripts.QueueKey(lock)), pick(w, waiters...)}}
	case 21:
		return step{args: []any{"publish", pick(w, "ear:one", "gone"), token}}
	default:
		return step{args: []any{"get", key}}
	}
}
