package twin

import (
	"crypto/sha1"
	"encoding/hex"
	"time"
)

// Memory says what a node still knows after a restart.
type Memory uint8

// What a node may know.
const (
	Kept  Memory = iota // every key: an append-only file, synced at each write
	Lost                // none: no persistence
	Older               // those of the last Snapshot, or none: a snapshot, or a backup
)

func (m Memory) String() string {
	switch m {
	case Kept:
		return "kept"
	case Lost:
		return "lost"
	case Older:
		return "older"
	}
	return "unknown"
}

// Snapshot keeps what the node knows at now, for a restart with [Older].
func (n *Node) Snapshot(now time.Duration) {
	saved := n.keys.clone()
	saved.sweep(now.Milliseconds())
	n.saved = &saved
}

// Crash ends the node: until Restart it answers nothing but [ErrDown].
func (n *Node) Crash() { n.down = true }

// Down reports whether the node has crashed and not restarted.
func (n *Node) Down() bool { return n.down }

// Restart starts the node again at now, whether it had crashed or not: a new process,
// with a run_id that follows from the last one, the uptime 0, no script cached, and
// the keys that it remembers. Deadlines are absolute: keys expire while it is down.
func (n *Node) Restart(now time.Duration, memory Memory) {
	switch {
	case memory == Older && n.saved != nil:
		n.keys = n.saved.clone()
		n.keys.sweep(now.Milliseconds()) // as a snapshot is read
	case memory != Kept:
		n.keys = newKeyspace()
	}
	sum := sha1.Sum([]byte(n.runID))
	n.start(hex.EncodeToString(sum[:]), now)
}

func (n *Node) start(runID string, now time.Duration) {
	n.runID, n.runIDReply = runID, runID
	n.started = seconds(now)
	n.cached = 0
	n.down = false
}

// RunID returns the node's run_id.
func (n *Node) RunID() string { return n.runID }

// Uptime returns what INFO tells as uptime_in_seconds: the difference of two readings
// of the wall clock in whole seconds. It may be up to a second more than the node has
// run, and is negative where its clock jumped back behind the start.
func (n *Node) Uptime(now time.Duration) int64 { return seconds(now) - n.started }

func seconds(t time.Duration) int64 { return int64(t / time.Second) }
