package chaos

import (
	"context"
	"fmt"
	"time"
)

// Slow makes a node's replies late.
type Slow struct {
	Node int
	By   time.Duration
}

// Row implements [Fault].
func (Slow) Row() Row { return SlowNode }

func (f Slow) String() string { return fmt.Sprintf("slow (%v) on node %d", f.By, f.Node) }

// Target implements [Fault].
func (f Slow) Target(w World) (node, client string) { return nodeName(w, f.Node), "" }

// Breaks implements [Fault].
func (Slow) Breaks() Assumption { return "" }

// Inject implements [Fault].
func (f Slow) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	return trouble(ctx, w, f.Node, Trouble{Delay: f.By})
}

// A Way is a direction in which a partition lets nothing pass.
type Way uint8

// Ways.
const (
	BothWays  Way = iota
	ToNode        // requests are lost
	FromNode      // requests are carried out, replies are lost
	WithReset     // connections are reset, and new ones refused
)

var wayNames = [...]string{"both ways", "requests", "replies", "refusing"}

func (w Way) String() string {
	if int(w) < len(wayNames) {
		return wayNames[w]
	}
	return fmt.Sprintf("way(%d)", uint8(w))
}

func (w Way) trouble() Trouble {
	switch w {
	case ToNode:
		return Trouble{DropRequests: true}
	case FromNode:
		return Trouble{DropReplies: true}
	case WithReset:
		return Trouble{Refuse: true}
	default:
		return Trouble{DropRequests: true, DropReplies: true}
	}
}

// Cut cuts one node off from all clients.
type Cut struct {
	Node int
	Way  Way
}

// Row implements [Fault].
func (Cut) Row() Row { return Partition }

func (f Cut) String() string { return fmt.Sprintf("partition (%v) of node %d", f.Way, f.Node) }

// Target implements [Fault].
func (f Cut) Target(w World) (node, client string) { return nodeName(w, f.Node), "" }

// Breaks implements [Fault].
func (Cut) Breaks() Assumption { return "" }

// Inject implements [Fault].
func (f Cut) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	return trouble(ctx, w, f.Node, f.Way.trouble())
}

// Partitioned cuts several nodes off from all clients: a minority, or a majority.
type Partitioned struct {
	Nodes NodeSet
	Way   Way
}

// Row implements [Fault].
func (Partitioned) Row() Row { return Partition }

func (f Partitioned) String() string {
	return fmt.Sprintf("partition (%v) of nodes %v", f.Way, f.Nodes)
}

// Target implements [Fault]: several nodes are none in particular.
func (Partitioned) Target(World) (node, client string) { return "", "" }

// Breaks implements [Fault].
func (Partitioned) Breaks() Assumption { return "" }

// On implements [Wide].
func (f Partitioned) On() NodeSet { return f.Nodes }

// Inject implements [Fault].
func (f Partitioned) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	return f.Nodes.inject(ctx, func(i int) (func(context.Context) error, error) {
		return trouble(ctx, w, i, f.Way.trouble())
	})
}

// LoseReplies has a node carry out requests whose replies never come: their
// connections are reset instead.
type LoseReplies struct {
	Node  int
	Count int
}

// Row implements [Fault].
func (LoseReplies) Row() Row { return ReplyLost }

func (f LoseReplies) String() string {
	return fmt.Sprintf("%d replies lost on node %d", f.Count, f.Node)
}

// Target implements [Fault].
func (f LoseReplies) Target(w World) (node, client string) { return nodeName(w, f.Node), "" }

// Breaks implements [Fault].
func (LoseReplies) Breaks() Assumption { return "" }

// Inject implements [Fault].
func (f LoseReplies) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	return trouble(ctx, w, f.Node, Trouble{LoseReplies: f.Count})
}

// CutReplies resets connections in the middle of a node's replies.
type CutReplies struct {
	Node  int
	Count int
}

// Row implements [Fault].
func (CutReplies) Row() Row { return ResetMidReply }

func (f CutReplies) String() string {
	return fmt.Sprintf("%d replies cut short on node %d", f.Count, f.Node)
}

// Target implements [Fault].
func (f CutReplies) Target(w World) (node, client string) { return nodeName(w, f.Node), "" }

// Breaks implements [Fault].
func (CutReplies) Breaks() Assumption { return "" }

// Inject implements [Fault].
func (f CutReplies) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	return trouble(ctx, w, f.Node, Trouble{CutReplies: f.Count})
}

// Deaden kills a node's connections without a word to either side: they look alive.
// New connections are sound.
type Deaden struct{ Node int }

// Row implements [Fault].
func (Deaden) Row() Row { return HalfOpen }

func (f Deaden) String() string { return fmt.Sprintf("half-open connections on node %d", f.Node) }

// Target implements [Fault].
func (f Deaden) Target(w World) (node, client string) { return nodeName(w, f.Node), "" }

// Breaks implements [Fault].
func (Deaden) Breaks() Assumption { return "" }

// Inject implements [Fault].
func (f Deaden) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	return trouble(ctx, w, f.Node, Trouble{HalfOpen: true})
}

// trouble spoils the network before node i until it is healed.
func trouble(ctx context.Context, w World, i int, t Trouble) (heal func(context.Context) error, err error) {
	n, err := nodeAt(w, i)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error { return n.Trouble(ctx, Trouble{}) }, n.Trouble(ctx, t)
}
