package twin

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// A command is one of the plain ones.
type command struct {
	run   func(n *Node, now time.Duration, args []string) (any, error)
	least int // arguments, the name aside
	wants demand
}

// commands are those that tests, users of a lock and faults need.
var commands = map[string]command{
	"del":      {del, 1, writes},
	"exists":   {exists, 1, reads},
	"flushall": {flushAll, 0, writes},
	"get":      {get, 1, reads},
	"hset":     {hset, 3, grows},
	"info":     {info, 0, reads},
	"keys":     {keys, 1, reads},
	"pexpire":  {pexpire, 2, writes},
	"ping":     {ping, 0, reads},
	"pttl":     {pttl, 1, reads},
	"publish":  {publish, 2, reads},
	"scan":     {scan, 1, reads},
	"script":   {script, 1, reads},
	"set":      {set, 2, grows},
	"time":     {clock, 0, reads},
	"type":     {typeOf, 1, reads},
	"zadd":     {zaddCommand, 3, grows},
	"zrange":   {zrange, 3, reads},
	"zrem":     {zremCommand, 2, writes},
}

// plain runs a command that is no script.
func (n *Node) plain(now time.Duration, name string, given []any) (any, error) {
	c, known := commands[name]
	if !known {
		return nil, Error("ERR unknown command '" + name + "'")
	}
	args := make([]string, len(given))
	for i, arg := range given {
		var ok bool
		if args[i], ok = text(arg); !ok {
			return nil, fmt.Errorf("twin: an argument of %s is a %T", name, arg)
		}
	}
	if len(args) < c.least {
		return nil, Error("ERR wrong number of arguments for '" + name + "' command")
	}
	if text := n.failure.refuses(name, c.wants, false); text != "" {
		return nil, Error(text)
	}
	return c.run(n, now, args)
}

func get(n *Node, now time.Duration, args []string) (any, error) {
	e, ok := n.keys.find(args[0], now.Milliseconds())
	switch {
	case !ok:
		return nil, redis.Nil
	case e.kind != stringKind:
		return nil, errWrongType
	}
	return e.value, nil
}

func set(n *Node, now time.Duration, args []string) (any, error) {
	nowMS := now.Milliseconds()
	e := entry{value: args[1]}
	onlyNew := false
	for i := 2; i < len(args); i++ {
		switch option := strings.ToLower(args[i]); {
		case option == "nx":
			onlyNew = true
		case (option == "px" || option == "ex") && i+1 < len(args) && e.deadline == 0:
			i++
			px, ok := integer(args[i])
			if !ok {
				return nil, errNoInteger
			}
			unit := int64(1)
			if option == "ex" {
				unit = 1000
			}
			if px <= 0 || px > (math.MaxInt64-nowMS)/unit {
				return nil, badExpiry("set")
			}
			e.deadline = nowMS + px*unit
		default:
			return nil, errSyntax
		}
	}
	if _, exists := n.keys.find(args[0], nowMS); exists && onlyNew {
		return nil, redis.Nil
	}
	n.keys.put(args[0], e, nowMS)
	return "OK", nil
}

func del(n *Node, now time.Duration, args []string) (any, error) {
	var count int64
	for _, key := range args {
		if n.keys.remove(key, now.Milliseconds()) {
			count++
		}
	}
	return count, nil
}

func exists(n *Node, now time.Duration, args []string) (any, error) {
	var count int64
	for _, key := range args {
		if _, ok := n.keys.find(key, now.Milliseconds()); ok {
			count++
		}
	}
	return count, nil
}

func pttl(n *Node, now time.Duration, args []string) (any, error) {
	return n.keys.pttl(args[0], now.Milliseconds()), nil
}

func typeOf(n *Node, now time.Duration, args []string) (any, error) {
	e, ok := n.keys.find(args[0], now.Milliseconds())
	if !ok {
		return "none", nil
	}
	return e.kind.String(), nil
}

func pexpire(n *Node, now time.Duration, args []string) (any, error) {
	px, ok := integer(args[1])
	set, err := n.pexpire(args[0], px, ok, now.Milliseconds())
	if err != "" {
		return nil, err
	}
	return set, nil
}

// pexpire returns 1 where there is such a key, else 0.
func (n *Node) pexpire(key string, px int64, isInteger bool, nowMS int64) (int64, Error) {
	switch {
	case !isInteger:
		return 0, errNoInteger
	case px > math.MaxInt64-nowMS:
		return 0, badExpiry("pexpire")
	}
	e, ok := n.keys.find(key, nowMS)
	if !ok {
		return 0, ""
	}
	if px <= 0 {
		n.keys.remove(key, nowMS) // at once, and not when the millisecond is over
		return 1, ""
	}
	e.deadline = nowMS + px
	n.keys.put(key, e, nowMS)
	return 1, ""
}

// hset plants a key of the wrong type. A hash has one field, whatever its name.
func hset(n *Node, now time.Duration, args []string) (any, error) {
	e, ok := n.keys.find(args[0], now.Milliseconds())
	switch {
	case !ok:
		n.keys.put(args[0], entry{kind: hashKind}, now.Milliseconds())
		return int64(1), nil
	case e.kind != hashKind:
		return nil, errWrongType
	}
	return int64(0), nil
}

func flushAll(n *Node, _ time.Duration, _ []string) (any, error) {
	n.keys = newKeyspace()
	return "OK", nil
}

func keys(n *Node, now time.Duration, args []string) (any, error) {
	if args[0] != "*" {
		return nil, fmt.Errorf("twin: keys %q: it knows * alone", args[0])
	}
	all := n.Keys(now)
	names := make([]any, len(all))
	for i := range all {
		names[i] = all[i].Name
	}
	return names, nil
}

// scan returns every key at once, whatever its options.
func scan(n *Node, now time.Duration, _ []string) (any, error) {
	names, err := keys(n, now, []string{"*"})
	return []any{"0", names}, err
}

func script(n *Node, _ time.Duration, args []string) (any, error) {
	switch sub := strings.ToLower(args[0]); {
	case sub == "flush":
		n.cached = 0
		return "OK", nil
	case sub == "load" && len(args) == 2:
		i := find(args[1], true)
		if i < 0 {
			return nil, fmt.Errorf("twin: it knows distlock's scripts alone, not %.40q", args[1])
		}
		n.cached |= 1 << i
		return routines[i].script.SHA, nil
	case sub == "exists":
		known := make([]any, len(args)-1)
		for i, sha := range args[1:] {
			known[i] = no
			if at := find(sha, false); at >= 0 && n.cached&(1<<at) != 0 {
				known[i] = yes
			}
		}
		return known, nil
	}
	return nil, fmt.Errorf("twin: SCRIPT %s is not known here", args[0])
}

func clock(_ *Node, now time.Duration, _ []string) (any, error) {
	us := now.Microseconds()
	return []any{strconv.FormatInt(us/1e6, 10), strconv.FormatInt(us%1e6, 10)}, nil
}

func ping(_ *Node, _ time.Duration, args []string) (any, error) {
	if len(args) > 0 {
		return args[0], nil
	}
	return "PONG", nil
}

func info(n *Node, now time.Duration, _ []string) (any, error) {
	return fmt.Sprintf("# Server\r\nredis_version:7.0.15\r\nrun_id:%s\r\nserver_time_usec:%d\r\nuptime_in_seconds:%d\r\n",
		n.runID, now.Microseconds(), n.Uptime(now)), nil
}
