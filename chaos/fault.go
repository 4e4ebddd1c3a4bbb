package chaos

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// A Fault is something that goes wrong. Faults are values: they can be listed,
// compared, printed, and injected into any [World] that can suffer them. A program
// may have faults of its own.
type Fault interface {
	// Row is the fault's place in the matrix.
	Row() Row

	// String tells the fault in a few words: "slow (50ms) on node 2".
	String() string

	// Target names what the fault acts on, in w: a node, or a client; one is "".
	Target(w World) (node, client string)

	// Breaks tells which assumption of the protocol the fault breaks, "" for none.
	Breaks() Assumption

	// Inject makes the fault happen. The heal function, not nil where err is, ends
	// it; it may be called once, and must succeed if tried long enough. A world that
	// cannot suffer the fault says ErrUnsupported.
	Inject(ctx context.Context, w World) (heal func(context.Context) error, err error)
}

// ErrUnsupported is what a World says of a fault that it cannot suffer.
var ErrUnsupported = errors.New("chaos: this world cannot suffer that")

// A World is what faults act on: nodes, and the clients that use them.
type World interface {
	Nodes() []Node
	Clients() []Client // that may be paused and killed; none where they are the user's own
}

// A Node is a Redis server, real, embedded or simulated, and the network before it.
// What a node cannot do is ErrUnsupported.
type Node interface {
	Name() string

	Crash(ctx context.Context) error              // ends at once; connections are reset
	Start(ctx context.Context, with Memory) error // after a Crash
	Remember(ctx context.Context) error           // marks the state that Older goes back to
	Freeze(ctx context.Context) error             // as SIGSTOP
	Thaw(ctx context.Context) error               // as SIGCONT
	Trouble(ctx context.Context, t Trouble) error // of the network; the zero value ends it
	JumpClock(ctx context.Context, by time.Duration) error
	RateClock(ctx context.Context, rate float64) error // 1 is right
	Suffer(ctx context.Context, c Condition) error     // Healthy ends it
	Do(ctx context.Context, args ...any) (any, error)  // a command, past the network's trouble
}

// A Client is a holder of locks that can be stopped: a process, or what acts as one.
type Client interface {
	Name() string
	Pause(ctx context.Context) error  // nothing of it runs
	Resume(ctx context.Context) error //
	Crash(ctx context.Context) error  // it ends, releasing nothing
	Start(ctx context.Context) error  // another takes its place, after a Crash
}

// A Memory is what a node still knows when it starts again.
type Memory uint8

// Memories.
const (
	Kept  Memory = iota // all, and time has passed for its keys
	Empty               // nothing
	Older               // what it knew at the last Remember
)

// A Condition is a state in which a node answers with errors.
type Condition uint8

// Conditions.
const (
	Healthy Condition = iota
	IsReadOnly
	IsLoading
	IsFull         // OOM
	HasMisconf     // MISCONF
	WantsPassword  // NOAUTH
	ForbidsScripts // NOPERM
	BadCertificate // TLS
)

// Trouble is what the network does to what passes between clients and one node.
type Trouble struct {
	Delay        time.Duration // added to each reply
	DropRequests bool          // silently, connections stay open
	DropReplies  bool          // silently, connections stay open
	Refuse       bool          // connections are reset, new ones refused
	LoseReplies  int           // so many next replies are swallowed, their connections reset
	CutReplies   int           // so many next replies end after one byte, with a reset
	HalfOpen     bool          // connections open now pass nothing any more and stay open; new ones pass all
}

// A Kind makes faults of one row: what a nemesis chooses from.
type Kind struct {
	Row Row

	// Weight is how often it is chosen, beside the others'; 0 is 1.
	Weight int

	// Destructive faults destroy data that is not the lock's: FLUSHALL, and such.
	Destructive bool

	// New draws a fault from r, for a world of so many nodes and clients; nil where
	// such a world has nothing for it to act on.
	New func(r *rand.Rand, nodes, clients int, lease time.Duration) Fault
}
