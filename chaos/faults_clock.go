package chaos

import (
	"context"
	"fmt"
	"time"
)

// JumpClock sets a node's clock forward, or back where By is negative. It stays there:
// a clock that was set right again would be a second jump.
type JumpClock struct {
	Node int
	By   time.Duration
}

// Row implements [Fault].
func (f JumpClock) Row() Row {
	if f.By < 0 {
		return ClockBackward
	}
	return ClockForward
}

func (f JumpClock) String() string {
	if f.By < 0 {
		return fmt.Sprintf("clock back (%v) on node %d", -f.By, f.Node)
	}
	return fmt.Sprintf("clock forward (%v) on node %d", f.By, f.Node)
}

// Target implements [Fault].
func (f JumpClock) Target(w World) (node, client string) { return nodeName(w, f.Node), "" }

// Breaks implements [Fault]. A jump back only makes keys live longer.
func (f JumpClock) Breaks() Assumption {
	if f.By > 0 {
		return SoundClocks
	}
	return ""
}

// Inject implements [Fault].
func (f JumpClock) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	n, err := nodeAt(w, f.Node)
	if err != nil {
		return nil, err
	}
	return nothing, n.JumpClock(ctx, f.By)
}

// JumpClocks sets the clocks of several nodes forward, or back where By is negative, as
// a time server does that is wrong. They stay there.
type JumpClocks struct {
	Nodes NodeSet
	By    time.Duration
}

// Row implements [Fault].
func (f JumpClocks) Row() Row { return JumpClock{By: f.By}.Row() }

func (f JumpClocks) String() string {
	if f.By < 0 {
		return fmt.Sprintf("clocks back (%v) on nodes %v", -f.By, f.Nodes)
	}
	return fmt.Sprintf("clocks forward (%v) on nodes %v", f.By, f.Nodes)
}

// Target implements [Fault]: several nodes are none in particular.
func (JumpClocks) Target(World) (node, client string) { return "", "" }

// Breaks implements [Fault].
func (f JumpClocks) Breaks() Assumption { return JumpClock{By: f.By}.Breaks() }

// On implements [Wide].
func (f JumpClocks) On() NodeSet { return f.Nodes }

// Inject implements [Fault].
func (f JumpClocks) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	return f.Nodes.inject(ctx, func(i int) (func(context.Context) error, error) {
		return JumpClock{i, f.By}.Inject(ctx, w)
	})
}

// SkewClock has a node's clock run too fast or too slow.
type SkewClock struct {
	Node int
	Rate float64 // 1 is right
}

// Row implements [Fault].
func (SkewClock) Row() Row { return ClockRate }

func (f SkewClock) String() string { return fmt.Sprintf("clock rate %g on node %d", f.Rate, f.Node) }

// Target implements [Fault].
func (f SkewClock) Target(w World) (node, client string) { return nodeName(w, f.Node), "" }

// withinDrift is the largest rate that cannot let a key expire before the lease that
// it stands for: the library allows for 1 % and 2 ms by default, and a node's clock
// may be a little off besides.
const withinDrift = 1.005

// Breaks implements [Fault]. A clock that is slow only makes keys live longer.
func (f SkewClock) Breaks() Assumption {
	if f.Rate > withinDrift {
		return SoundClocks
	}
	return ""
}

// Inject implements [Fault].
func (f SkewClock) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	n, err := nodeAt(w, f.Node)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error { return n.RateClock(ctx, 1) }, n.RateClock(ctx, f.Rate)
}
