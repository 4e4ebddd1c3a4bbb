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

// corners are programs that random bytes seldom write.
var corners = [][]step{
	{ // a hint out of bounds by the node's clock, one above the next number
		plain("set", "job:fence", "9007199254740989"),
		run(scripts.Acquire, 3, "job", "job:dead", "job:fence", "me", "150000", "9007199254740991"),
		run(scripts.Check, 2, "job", "job:fence"),
	},
	{ // the counter of an extended lock is gone
		run(scripts.Acquire, 3, "job", "job:dead", "job:fence", "me", "150000", "7"),
		plain("del", "job:fence"),
		run(scripts.Extend, 2, "job", "job:fence", "me", "250000"),
		run(scripts.Acquire, 3, "job", "job:dead", "job:fence", "me", "150000", "7"),
		run(scripts.Accept, 2, "job", "job:fence", "me", "7", "150000"),
		run(scripts.Accept, 2, "job", "job:fence", "me", "6", "150000"),
	},
	{ // nobody's lock, where the token is empty
		run(scripts.Accept, 2, "job", "job:fence", "", "7", "150000"),
		run(scripts.Extend, 2, "job", "job:fence", "", "150000"),
		run(scripts.Release, 2, "job", "job:dead", "", "150000", "0"),
	},
	{ // a tombstone of the wrong type is one as well
		plain("hset", "job:dead", "f", "v"),
		run(scripts.Acquire, 2, "job", "job:dead", "me", "150000", "0"),
		run(scripts.Release, 2, "job", "job:dead", "me", "150000", "0"),
		plain("get", "job:dead"),
	},
}

// run is a step that runs a script by its source.
func run(s *scripts.Script, keys int, words ...any) step {
	return step{args: append([]any{"EVAL", s.Source, keys}, words...)}
}

// next returns the next step.
func (w *writer) next() step {
	lock := pick(w, locks...)
	token := pick(w, tokens...)
	switch w.below(16) {
	case 0, 1, 2, 3, 4:
		return w.acquire(lock, token)
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
	args := []any{token, w.ttl(), w.hint()}
	if w.real && w.below(2) == 1 {
		args = append(args, pick(w, w.run, "", "c0ffee"), pick(w, "", "0", "-3", "100000"))
	}
	return w.script(scripts.Acquire, keys[:2+min(1, w.below(4))], args...)
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
	key := pick(w, lock, scripts.FenceKey(lock), scripts.TombstoneKey(lock, token))
	switch w.below(18) {
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
	default:
		return step{args: []any{"get", key}}
	}
}
