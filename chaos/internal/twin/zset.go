package twin

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// A zset is a sorted set, in its order. It is never changed, only replaced: a snapshot
// may have it too.
type zset []member

type member struct {
	score float64
	name  string
}

func (z zset) names() []string {
	names := make([]string, len(z))
	for i := range z {
		names[i] = z[i].name
	}
	return names
}

// without returns z without the member of that name, and whether it had it.
func (z zset) without(name string) (zset, bool) {
	at := slices.IndexFunc(z, func(m member) bool { return m.name == name })
	if at < 0 {
		return z, false
	}
	return slices.Delete(slices.Clone(z), at, at+1), true
}

// with returns z with the member, whatever its score was, and whether it is new.
func (z zset) with(score float64, name string) (zset, bool) {
	rest, had := z.without(name)
	m := member{score, name}
	at, _ := slices.BinarySearchFunc(rest, m, func(a, b member) int {
		return cmp.Or(cmp.Compare(a.score, b.score), cmp.Compare(a.name, b.name))
	})
	return slices.Insert(slices.Clone(rest), at, m), !had
}

// zset returns the sorted set at key; false where there is another type.
func (n *Node) zset(key string, nowMS int64) (entry, bool) {
	e, exists := n.keys.find(key, nowMS)
	if !exists {
		return entry{kind: zsetKind}, true
	}
	return e, e.kind == zsetKind
}

func (n *Node) zadd(key string, score float64, name string, nowMS int64) (int64, Error) {
	e, ok := n.zset(key, nowMS)
	if !ok {
		return 0, errWrongType
	}
	var isNew bool
	e.zset, isNew = e.zset.with(score, name)
	n.keys.put(key, e, nowMS)
	if isNew {
		return 1, ""
	}
	return 0, ""
}

// zrem deletes the key with its last member, as Redis does.
func (n *Node) zrem(key, name string, nowMS int64) (int64, Error) {
	e, ok := n.zset(key, nowMS)
	if !ok {
		return 0, errWrongType
	}
	rest, had := e.zset.without(name)
	switch {
	case !had:
		return 0, ""
	case len(rest) == 0:
		n.keys.remove(key, nowMS)
	default:
		e.zset = rest
		n.keys.put(key, e, nowMS)
	}
	return 1, ""
}

// zaddCommand takes one member.
func zaddCommand(n *Node, now time.Duration, args []string) (any, error) {
	score, err := strconv.ParseFloat(args[1], 64)
	if err != nil {
		return nil, Error("ERR value is not a valid float")
	}
	return reply(n.zadd(args[0], score, args[2], now.Milliseconds()))
}

func zremCommand(n *Node, now time.Duration, args []string) (any, error) {
	return reply(n.zrem(args[0], args[1], now.Milliseconds()))
}

// zrange returns all members, whatever the bounds.
func zrange(n *Node, now time.Duration, args []string) (any, error) {
	e, ok := n.zset(args[0], now.Milliseconds())
	if !ok {
		return nil, errWrongType
	}
	list := make([]any, len(e.zset))
	for i := range e.zset {
		list[i] = e.zset[i].name
	}
	return list, nil
}

func publish(n *Node, _ time.Duration, args []string) (any, error) {
	return n.publish(args[0], args[1], false), nil
}

func reply(count int64, err Error) (any, error) {
	if err != "" {
		return nil, err
	}
	return count, nil
}
