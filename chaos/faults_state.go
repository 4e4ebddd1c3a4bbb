package chaos

import (
	"context"
	"fmt"
)

// Suffer has a node answer with errors.
type Suffer struct {
	Node int
	From Condition
}

var conditionNames = [...]string{
	"healthy", "READONLY", "LOADING", "OOM", "MISCONF", "NOAUTH", "NOPERM", "a bad certificate",
}

func (c Condition) String() string {
	if int(c) < len(conditionNames) {
		return conditionNames[c]
	}
	return fmt.Sprintf("condition(%d)", uint8(c))
}

// Row implements [Fault].
func (f Suffer) Row() Row {
	switch f.From {
	case IsLoading:
		return Loading
	case IsFull:
		return OutOfMemory
	case HasMisconf:
		return Misconf
	case WantsPassword, ForbidsScripts:
		return AuthFailure
	case BadCertificate:
		return TLSFailure
	default:
		return ReadOnly
	}
}

func (f Suffer) String() string { return fmt.Sprintf("%v on node %d", f.From, f.Node) }

// Target implements [Fault].
func (f Suffer) Target(w World) (node, client string) { return nodeName(w, f.Node), "" }

// Breaks implements [Fault].
func (Suffer) Breaks() Assumption { return "" }

// Inject implements [Fault].
func (f Suffer) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	n, err := nodeAt(w, f.Node)
	if err != nil {
		return nil, err
	}
	return func(ctx context.Context) error { return n.Suffer(ctx, Healthy) }, n.Suffer(ctx, f.From)
}

// FlushScripts empties a node's script cache: SCRIPT FLUSH.
type FlushScripts struct{ Node int }

// Row implements [Fault].
func (FlushScripts) Row() Row { return NoScript }

func (f FlushScripts) String() string { return fmt.Sprintf("SCRIPT FLUSH on node %d", f.Node) }

// Target implements [Fault].
func (f FlushScripts) Target(w World) (node, client string) { return nodeName(w, f.Node), "" }

// Breaks implements [Fault].
func (FlushScripts) Breaks() Assumption { return "" }

// Inject implements [Fault].
func (f FlushScripts) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	return do(ctx, w, f.Node, "script", "flush")
}

// do runs a command on node i. There is nothing to heal.
func do(ctx context.Context, w World, i int, args ...any) (heal func(context.Context) error, err error) {
	n, err := nodeAt(w, i)
	if err != nil {
		return nil, err
	}
	_, err = n.Do(ctx, args...)
	return nothing, err
}

// nothing is the healing of what is over at once.
func nothing(context.Context) error { return nil }

func nodeAt(w World, i int) (Node, error) {
	if all := w.Nodes(); i >= 0 && i < len(all) {
		return all[i], nil
	}
	return nil, fmt.Errorf("%w: it has no node %d", ErrUnsupported, i)
}

func nodeName(w World, i int) string {
	if n, err := nodeAt(w, i); err == nil {
		return n.Name()
	}
	return fmt.Sprintf("node %d", i)
}
