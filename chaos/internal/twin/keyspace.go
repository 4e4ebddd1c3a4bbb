package twin

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// kind is a key's type.
type kind uint8

const (
	stringKind kind = iota
	hashKind        // of unknown fields: planted to be of the wrong type
	zsetKind
)

func (k kind) String() string {
	switch k {
	case hashKind:
		return "hash"
	case zsetKind:
		return "zset"
	}
	return "string"
}

// An entry is what a key holds.
type entry struct {
	value    string
	zset     zset
	deadline int64 // in ms since the epoch, by the node's clock; 0 for never
	kind     kind
}

// expired is Redis's rule (keyIsExpired): a key lives through its last millisecond.
func (e *entry) expired(nowMS int64) bool { return e.deadline != 0 && nowMS > e.deadline }

// A keyspace is a node's keys. Those that expired go when they are looked at, or
// when there are many.
type keyspace struct {
	entries map[string]entry
	sweepAt int // how many entries are too many to leave the expired among them
}

// sweepAtLeast is the size below which looking for expired keys is not worth it.
const sweepAtLeast = 64

func newKeyspace() keyspace {
	return keyspace{entries: make(map[string]entry), sweepAt: sweepAtLeast}
}

// find returns the entry of a live key, and deletes an expired one.
func (k *keyspace) find(key string, nowMS int64) (entry, bool) {
	e, ok := k.entries[key]
	if ok && e.expired(nowMS) {
		delete(k.entries, key)
		return entry{}, false
	}
	return e, ok
}

func (k *keyspace) put(key string, e entry, nowMS int64) {
	k.entries[key] = e
	if len(k.entries) >= k.sweepAt {
		k.sweep(nowMS)
		k.sweepAt = max(sweepAtLeast, 2*len(k.entries))
	}
}

func (k *keyspace) sweep(nowMS int64) {
	for key, e := range k.entries {
		if e.expired(nowMS) {
			delete(k.entries, key)
		}
	}
}

// remove deletes a live key, and reports whether there was one.
func (k *keyspace) remove(key string, nowMS int64) bool {
	_, ok := k.find(key, nowMS)
	delete(k.entries, key)
	return ok
}

// pttl is the command: -2 for no key, -1 for one that never expires.
func (k *keyspace) pttl(key string, nowMS int64) int64 {
	e, ok := k.find(key, nowMS)
	switch {
	case !ok:
		return -2
	case e.deadline == 0:
		return -1
	}
	return e.deadline - nowMS
}

// A Key is one key of a [Node].
type Key struct {
	Name  string
	Type  string // "string", "hash" or "zset"
	Value string // of a string; of a zset the members in their order, a line each

	// Deadline is the last moment of the key by the node's clock, since the Unix
	// epoch, in whole ms; 0 where it never expires.
	Deadline time.Duration
}

// Keys returns the keys alive at now, in the order of their names. To look so
// changes nothing.
func (n *Node) Keys(now time.Duration) []Key {
	keys := make([]Key, 0, len(n.keys.entries))
	for name, e := range n.keys.entries {
		if !e.expired(now.Milliseconds()) {
			value := e.value
			if e.kind == zsetKind {
				value = strings.Join(e.zset.names(), "\n")
			}
			keys = append(keys, Key{name, e.kind.String(), value, time.Duration(e.deadline) * time.Millisecond})
		}
	}
	slices.SortFunc(keys, func(a, b Key) int { return strings.Compare(a.Name, b.Name) })
	return keys
}

// Size returns how many keys the node keeps, those among them that expired unseen.
func (n *Node) Size() int { return len(n.keys.entries) }

// Evict deletes key as Redis does when memory runs out, and reports whether there
// was one.
func (n *Node) Evict(now time.Duration, key string) bool {
	return n.keys.remove(key, now.Milliseconds())
}

// Expire deletes every key that is past its deadline at now. Redis does so within
// some 100 ms of the deadline; a Node otherwise only when a key is looked at. The
// two differ for one whose clock jumps forward and soon back.
func (n *Node) Expire(now time.Duration) { n.keys.sweep(now.Milliseconds()) }

func (k *keyspace) clone() keyspace {
	return keyspace{entries: maps.Clone(k.entries), sweepAt: k.sweepAt}
}
