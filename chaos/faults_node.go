package chaos

import (
	"context"
	"fmt"
	"time"
)

// Crash kills a node's process; it comes back with its data.
type Crash struct{ Node int }

// Row implements [Fault].
func (Crash) Row() Row { return NodeCrash }

func (f Crash) String() string { return fmt.Sprintf("crash of node %d", f.Node) }

// Target implements [Fault].
func (f Crash) Target(w World) (node, client string) { return nodeName(w, f.Node), "" }

// Breaks implements [Fault].
func (Crash) Breaks() Assumption { return "" }

// Inject implements [Fault].
func (f Crash) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	return crash(ctx, w, f.Node, Kept)
}

// Forget kills a node's process; it comes back with nothing.
type Forget struct{ Node int }

// Row implements [Fault].
func (Forget) Row() Row { return CrashMemoryLost }

func (f Forget) String() string { return fmt.Sprintf("crash with memory lost of node %d", f.Node) }

// Target implements [Fault].
func (f Forget) Target(w World) (node, client string) { return nodeName(w, f.Node), "" }

// Breaks implements [Fault].
func (Forget) Breaks() Assumption { return KeptMemory }

// Inject implements [Fault].
func (f Forget) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	return crash(ctx, w, f.Node, Empty)
}

// StayDown kills a node's process, and lets it come back after longer than a lease:
// Redlock's advice to those whose nodes forget.
type StayDown struct {
	Node int
	Down time.Duration // at least so long
	With Memory        // it comes back with that
}

// Row implements [Fault].
func (StayDown) Row() Row { return DelayedRestart }

func (f StayDown) String() string {
	return fmt.Sprintf("delayed restart (%v, memory %v) of node %d", f.Down, f.With, f.Node)
}

// Target implements [Fault].
func (f StayDown) Target(w World) (node, client string) { return nodeName(w, f.Node), "" }

// Breaks implements [Fault]. It does not know the longest lease, so a node that comes
// back with less than it had counts as one that forgot.
func (f StayDown) Breaks() Assumption { return f.With.breaks() }

// Lasts implements [Lasting].
func (f StayDown) Lasts() time.Duration { return f.Down }

// Inject implements [Fault].
func (f StayDown) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	return crash(ctx, w, f.Node, f.With)
}

// Remember marks the state of a node that [GoBack] returns to. It does no harm: a
// plan has one some time before each GoBack.
type Remember struct{ Node int }

// Row implements [Fault].
func (Remember) Row() Row { return OlderData }

func (f Remember) String() string { return fmt.Sprintf("snapshot of node %d", f.Node) }

// Target implements [Fault].
func (f Remember) Target(w World) (node, client string) { return nodeName(w, f.Node), "" }

// Breaks implements [Fault].
func (Remember) Breaks() Assumption { return "" }

// Inject implements [Fault].
func (f Remember) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	n, err := nodeAt(w, f.Node)
	if err != nil {
		return nil, err
	}
	return nothing, n.Remember(ctx)
}

// GoBack kills a node's process; it comes back with what it knew at the last
// [Remember], or with nothing where there was none.
type GoBack struct{ Node int }

// Row implements [Fault].
func (GoBack) Row() Row { return OlderData }

func (f GoBack) String() string { return fmt.Sprintf("restart on older data of node %d", f.Node) }

// Target implements [Fault].
func (f GoBack) Target(w World) (node, client string) { return nodeName(w, f.Node), "" }

// Breaks implements [Fault].
func (GoBack) Breaks() Assumption { return KeptMemory }

// Inject implements [Fault].
func (f GoBack) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	heal, err := crash(ctx, w, f.Node, Older)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		if heal(ctx) == nil {
			return nil
		}
		return w.Nodes()[f.Node].Start(ctx, Empty)
	}, nil
}

// Freeze stops a node's process as SIGSTOP does: it accepts, and answers nothing.
type Freeze struct{ Node int }

// Row implements [Fault].
func (Freeze) Row() Row { return NodeFrozen }

func (f Freeze) String() string { return fmt.Sprintf("freeze of node %d", f.Node) }

// Target implements [Fault].
func (f Freeze) Target(w World) (node, client string) { return nodeName(w, f.Node), "" }

// Breaks implements [Fault].
func (Freeze) Breaks() Assumption { return "" }

// Inject implements [Fault].
func (f Freeze) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	n, err := nodeAt(w, f.Node)
	if err != nil {
		return nil, err
	}
	return n.Thaw, n.Freeze(ctx)
}

// A PowerCut kills several nodes at once.
type PowerCut struct {
	Nodes NodeSet
	With  Memory // they come back with that
}

// Row implements [Fault].
func (f PowerCut) Row() Row {
	if f.With == Kept {
		return NodeCrash
	}
	return CrashMemoryLost
}

func (f PowerCut) String() string {
	return fmt.Sprintf("power cut (memory %v) on nodes %v", f.With, f.Nodes)
}

// Target implements [Fault]: several nodes are none in particular.
func (PowerCut) Target(World) (node, client string) { return "", "" }

// Breaks implements [Fault].
func (f PowerCut) Breaks() Assumption { return f.With.breaks() }

// On implements [Wide].
func (f PowerCut) On() NodeSet { return f.Nodes }

// Inject implements [Fault].
func (f PowerCut) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	return f.Nodes.inject(ctx, func(i int) (func(context.Context) error, error) {
		return crash(ctx, w, i, f.With)
	})
}

// crash kills node i, which healing starts with the given memory.
func crash(ctx context.Context, w World, i int, with Memory) (heal func(context.Context) error, err error) {
	n, err := nodeAt(w, i)
	if err != nil {
		return nil, err
	}
	if f, ok := n.(interface{ CanForget() bool }); ok && with != Kept && !f.CanForget() {
		return nil, fmt.Errorf("%w: %s cannot be made to forget", ErrUnsupported, n.Name())
	}
	return func(ctx context.Context) error { return n.Start(ctx, with) }, n.Crash(ctx)
}

var memoryNames = [...]string{"kept", "empty", "older"}

func (m Memory) String() string {
	if int(m) < len(memoryNames) {
		return memoryNames[m]
	}
	return fmt.Sprintf("memory(%d)", uint8(m))
}

func (m Memory) breaks() Assumption {
	if m == Kept {
		return ""
	}
	return KeptMemory
}
