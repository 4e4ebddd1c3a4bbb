package chaos

import (
	"context"
	"fmt"
)

// Pause stops a client; it goes on where it stood.
type Pause struct {
	Client int
	In     OpKind // to strike in the middle of one where that can be told; "" at any time
}

// Row implements [Fault].
func (Pause) Row() Row { return ClientPause }

func (f Pause) String() string { return fmt.Sprintf("pause%s of client %d", inside(f.In), f.Client) }

// Target implements [Fault].
func (f Pause) Target(w World) (node, client string) { return "", clientName(w, f.Client) }

// Breaks implements [Fault]: a holder that stands still is what leases allow for.
func (Pause) Breaks() Assumption { return "" }

// Aim implements [Aimed].
func (f Pause) Aim(ctx context.Context, w World) error { return awaitOp(ctx, w, f.Client, f.In) }

// Inject implements [Fault].
func (f Pause) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	c, err := clientAt(w, f.Client)
	if err != nil {
		return nil, err
	}
	return c.Resume, c.Pause(ctx)
}

// Kill ends a client, which releases nothing. Another takes its place.
type Kill struct {
	Client int
	In     OpKind // to strike in the middle of one where that can be told; "" at any time
}

// Row implements [Fault].
func (Kill) Row() Row { return HolderCrash }

func (f Kill) String() string { return fmt.Sprintf("crash%s of client %d", inside(f.In), f.Client) }

// Target implements [Fault].
func (f Kill) Target(w World) (node, client string) { return "", clientName(w, f.Client) }

// Breaks implements [Fault].
func (Kill) Breaks() Assumption { return "" }

// Aim implements [Aimed].
func (f Kill) Aim(ctx context.Context, w World) error { return awaitOp(ctx, w, f.Client, f.In) }

// Inject implements [Fault].
func (f Kill) Inject(ctx context.Context, w World) (func(context.Context) error, error) {
	c, err := clientAt(w, f.Client)
	if err != nil {
		return nil, err
	}
	return c.Start, c.Crash(ctx)
}

func inside(op OpKind) string {
	if op == "" {
		return ""
	}
	return " in " + string(op)
}

// An awaitable client can tell when it begins an operation: Await returns then, or
// with ctx's error.
type awaitable interface {
	Await(ctx context.Context, op OpKind) error
}

// awaitOp waits for client i to begin op, where it can tell.
func awaitOp(ctx context.Context, w World, i int, op OpKind) error {
	c, err := clientAt(w, i)
	if err != nil || op == "" {
		return err
	}
	if c, ok := c.(awaitable); ok {
		return c.Await(ctx, op)
	}
	return nil
}

func clientAt(w World, i int) (Client, error) {
	if all := w.Clients(); i >= 0 && i < len(all) {
		return all[i], nil
	}
	return nil, fmt.Errorf("%w: it has no client %d", ErrUnsupported, i)
}

func clientName(w World, i int) string {
	if c, err := clientAt(w, i); err == nil {
		return c.Name()
	}
	return fmt.Sprintf("client %d", i)
}
