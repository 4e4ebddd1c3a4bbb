package chaos

import (
	"context"
	"fmt"
)

// FlushAll empties a node: FLUSHALL, which destroys everything on it.
type FlushAll struct{ Node int }

// Row implements [Fault].
func (FlushAll) Row() Row { return KeysLost }

func (f FlushAll) String() string { return fmt.Sprintf("FLUSHALL on node %d", f.Node) }

// Target implements [Fault].
func (f FlushAll) Target(w World) (node, client string) { return nodeName(w, f.Node), "" }

// Breaks implements [Fault].
func (FlushAll) Breaks() Assumption { return KeptMemory }

// Inject implements [Fault].
func (f FlushAll) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	return do(ctx, w, f.Node, "flushall")
}

// DeleteLock deletes a lock's key on one node, as somebody does by hand.
type DeleteLock struct {
	Node int
	Pick int // which of those that are there, in the order of their names, modulo their number
}

// Row implements [Fault].
func (DeleteLock) Row() Row { return KeysLost }

func (f DeleteLock) String() string { return fmt.Sprintf("DEL of a lock on node %d", f.Node) }

// Target implements [Fault].
func (f DeleteLock) Target(w World) (node, client string) { return nodeName(w, f.Node), "" }

// Breaks implements [Fault].
func (DeleteLock) Breaks() Assumption { return KeptMemory }

// Aim implements [Aimed]: it waits for a lock to be there.
func (f DeleteLock) Aim(ctx context.Context, w World) error {
	return awaitKeys(ctx, w, f.Node, func(k nodeKeys) bool { return len(k.held) > 0 })
}

// Inject implements [Fault].
func (f DeleteLock) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	return deleteOne(ctx, w, f.Node, f.Pick, func(k nodeKeys) []string { return k.held })
}

// Evict deletes any one of the keys on a node, be it a lock, a fencing counter or a
// tombstone, as Redis does when it needs room.
type Evict struct {
	Node int
	Pick int // which, in the order of their names, modulo their number
}

// Row implements [Fault].
func (Evict) Row() Row { return KeysLost }

func (f Evict) String() string { return fmt.Sprintf("eviction of a key on node %d", f.Node) }

// Target implements [Fault].
func (f Evict) Target(w World) (node, client string) { return nodeName(w, f.Node), "" }

// Breaks implements [Fault].
func (Evict) Breaks() Assumption { return KeptMemory }

// Inject implements [Fault].
func (f Evict) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	return deleteOne(ctx, w, f.Node, f.Pick, func(k nodeKeys) []string { return k.all })
}

// Usurp has another program put a hash under a lock's name, until it is healed.
type Usurp struct {
	Node int
	Pick int // which lock, in the order of their names, modulo their number

	// Overwrite replaces a lock that is held; else a name is taken that is free.
	Overwrite bool
}

// Row implements [Fault].
func (Usurp) Row() Row { return WrongType }

func (f Usurp) String() string {
	if f.Overwrite {
		return fmt.Sprintf("lock overwritten with a hash on node %d", f.Node)
	}
	return fmt.Sprintf("hash under a lock's name on node %d", f.Node)
}

// Target implements [Fault].
func (f Usurp) Target(w World) (node, client string) { return nodeName(w, f.Node), "" }

// Breaks implements [Fault]: a lock that is overwritten is forgotten.
func (f Usurp) Breaks() Assumption {
	if f.Overwrite {
		return KeptMemory
	}
	return ""
}

// Aim implements [Aimed]: it waits for a name that will do.
func (f Usurp) Aim(ctx context.Context, w World) error {
	return awaitKeys(ctx, w, f.Node, func(k nodeKeys) bool { return len(f.names(k)) > 0 })
}

func (f Usurp) names(k nodeKeys) []string {
	if f.Overwrite {
		return k.held
	}
	return k.free
}

// Inject implements [Fault].
func (f Usurp) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	n, err := nodeAt(w, f.Node)
	if err != nil {
		return nil, err
	}
	k, err := keysOf(ctx, w, n)
	if err != nil {
		return nil, err
	}
	key, err := pick(f.names(k), f.Pick)
	if err != nil {
		return nil, err
	}
	if f.Overwrite {
		if _, err := n.Do(ctx, "del", key); err != nil {
			return nil, err
		}
	}
	heal := func(ctx context.Context) error {
		kind, err := n.Do(ctx, "type", key)
		if err == nil && fmt.Sprint(kind) == "hash" {
			_, err = n.Do(ctx, "del", key)
		}
		return err
	}
	// Refused where somebody took the lock since: then it is not overwritten.
	if _, err := n.Do(ctx, "hset", key, "owner", "another program"); err != nil {
		return nil, err
	}
	return heal, nil
}
