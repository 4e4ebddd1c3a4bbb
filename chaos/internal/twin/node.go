package twin

import (
	"fmt"
	"strings"
	"time"

	"github.com/lilith/distlock/internal/scripts"
)

// A Node is one Redis node. It is not safe for concurrent use.
type Node struct {
	// Published, where not nil, is told each message that is published, and returns how
	// many there are whom it reaches. A sharded channel is another than a plain one of
	// its name.
	Published func(channel, message string, sharded bool) (receivers int)

	keys  keyspace
	saved *keyspace // by Snapshot

	runID      string
	runIDReply any   // runID, boxed once
	started    int64 // in s since the epoch, by the node's clock

	cached  uint8 // a bit for each script that it knows by its hash
	down    bool
	failure *Failure

	running call // the script's, in eval alone: saves an allocation each
}

// New returns an empty node that starts at now, by its own clock, since the Unix
// epoch. Its first run_id is the one given, of letters and digits alone; a Redis has
// forty hexadecimal ones.
func New(runID string, now time.Duration) *Node {
	for _, r := range runID {
		if (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			panic(fmt.Sprintf("twin: run_id %q: letters and digits alone", runID))
		}
	}
	n := &Node{keys: newKeyspace()}
	n.start(runID, now)
	return n
}

// Do runs the command at now, by the node's clock since the Unix epoch; args are
// those of a go-redis command, its name first. The answer is as go-redis delivers
// it: an int64, a string, a []any. redis.Nil is no value. Any [Error] is the node's
// own; an error of another type is a misuse of this package, or [ErrDown].
//
// args are neither changed nor kept.
func (n *Node) Do(now time.Duration, args []any) (any, error) {
	if n.down {
		return nil, ErrDown
	}
	if len(args) == 0 {
		return nil, fmt.Errorf("twin: a command without a name")
	}
	name, isString := args[0].(string)
	if !isString {
		return nil, fmt.Errorf("twin: a command named by a %T", args[0])
	}
	if name != "evalsha" && name != "eval" { // as package node sends them
		name = strings.ToLower(name)
	}
	if n.failure != nil && n.failure.Stops == ByName {
		if text := n.failure.refuses(name, reads, false); text != "" {
			if n.failure.Long != "" && len(args) > 10 {
				text = n.failure.Long
			}
			return nil, Error(text)
		}
	}
	if name == "evalsha" || name == "eval" {
		return n.eval(now, name, args)
	}
	return n.plain(now, name, args[1:])
}

// A routine is a script in Go.
type routine struct {
	script    *scripts.Script
	run       func(*call) (any, error)
	keys      int // at least
	arguments int // at least
}

// routines has the scripts; a script's place is its bit in Node.cached.
var routines = [...]routine{
	{scripts.Acquire, acquire, 2, 3},
	{scripts.Accept, accept, 2, 3},
	{scripts.Extend, extend, 1, 2},
	{scripts.Release, release, 2, 3},
	{scripts.HandOver, handOver, 3, 6},
	{scripts.Queue, queue, 2, 3},
	{scripts.Check, check, 2, 0},
}

// eval is EVALSHA and EVAL.
func (n *Node) eval(now time.Duration, name string, args []any) (any, error) {
	if len(args) < 3 {
		return nil, Error("ERR wrong number of arguments for '" + name + "' command")
	}
	keys, err := countKeys(args)
	if err != nil {
		return nil, err
	}
	which, _ := args[1].(string)
	i := find(which, name == "eval")
	if i < 0 && name == "eval" {
		return nil, fmt.Errorf("twin: it knows distlock's scripts alone, not %.40q", which)
	}
	if i < 0 || name == "evalsha" && n.cached&(1<<i) == 0 {
		return nil, errNoScript
	}
	c := &n.running
	defer func() { *c = call{} }()
	*c = call{
		node: n, nowMS: now.Milliseconds(), now: now,
		keys: args[3 : 3+keys], args: args[3+keys:],
	}
	r := &routines[i]
	if len(c.keys) < r.keys || len(c.args) < r.arguments {
		return nil, fmt.Errorf("twin: %s takes %d keys and %d arguments, not %d and %d",
			r.script.Name, r.keys, r.arguments, len(c.keys), len(c.args))
	}
	n.cached |= 1 << i // whatever comes of it
	return r.run(c)
}

// find returns the place of a script among the routines, or -1.
func find(which string, bySource bool) int {
	for i := range routines {
		s := routines[i].script
		if !bySource && which == s.SHA || bySource && which == s.Source {
			return i
		}
	}
	return -1
}

func countKeys(args []any) (int, error) {
	keys, isInt := args[2].(int)
	if !isInt {
		s, _ := text(args[2])
		i, ok := integer(s)
		if !ok {
			return 0, errNoInteger
		}
		keys = int(i)
	}
	switch {
	case keys > len(args)-3:
		return 0, Error("ERR Number of keys can't be greater than number of args")
	case keys < 0:
		return 0, Error("ERR Number of keys can't be negative")
	}
	return keys, nil
}
