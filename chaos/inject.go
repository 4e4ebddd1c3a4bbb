package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Inject makes f happen in w, and records it in r, with its healing. heal tries for half
// a minute, whatever ctx says by then; call it once. A fault that w cannot suffer is not
// recorded; one that failed is, with its error.
func Inject(ctx context.Context, f Fault, w World, r *Recorder) (heal func() error, err error) {
	in := Injection{Row: f.Row(), Fault: f.String(), Breaks: f.Breaks(), Start: r.now()}
	in.Node, in.Client = f.Target(w)
	if f, ok := f.(Wide); ok {
		for _, i := range f.On().List() {
			in.Nodes = append(in.Nodes, nodeName(w, i))
		}
	}
	undo, err := f.Inject(ctx, w)
	if err != nil {
		if !errors.Is(err, ErrUnsupported) {
			in.Err = err.Error()
			r.Injection(in)()
		}
		return nil, err
	}
	if _, harmless := f.(Remember); harmless {
		return func() error { return nil }, nil
	}
	healed := r.Injection(in)
	return func() error {
		defer healed()
		if err := healAtLast(ctx, undo); err != nil {
			return fmt.Errorf("chaos: %v cannot be healed: %w", f, err)
		}
		return nil
	}, nil
}

const (
	healPause  = 20 * time.Millisecond
	healWithin = 30 * time.Second
)

// healAtLast tries until it is healed, whatever ctx says.
func healAtLast(ctx context.Context, heal func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), healWithin)
	defer cancel()
	for {
		err := heal(ctx)
		if err == nil || !sleep(ctx, healPause) {
			return err
		}
	}
}
