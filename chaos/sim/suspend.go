package sim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/lilith/distlock/chaos"
	"github.com/lilith/distlock/internal/clock"
)

// Suspend has the machine that all clients run on sleep for a while: no timer moves,
// every node's clock does. A real machine cannot be asked for that by a test.
type Suspend struct{ For time.Duration }

// Row implements [chaos.Fault].
func (Suspend) Row() chaos.Row { return chaos.ClientPause }

func (s Suspend) String() string { return fmt.Sprintf("clients' machine suspended for %v", s.For) }

// Target implements [chaos.Fault]: it is everybody.
func (Suspend) Target(chaos.World) (node, client string) { return "", "" }

// Breaks implements [chaos.Fault]: the library's clock counts suspended time.
func (Suspend) Breaks() chaos.Assumption { return "" }

// Inject implements [chaos.Fault].
func (s Suspend) Inject(_ context.Context, w chaos.World) (func(context.Context) error, error) {
	r, ok := w.(*run)
	if !ok {
		return nil, chaos.ErrUnsupported
	}
	for _, c := range r.clients {
		c.mu.Lock()
		c.pauses++
		c.mu.Unlock()
	}
	r.suspend(s.For)
	clock.SimulateSuspend(s.For)
	return func(context.Context) error { return nil }, nil
}

// suspends makes Suspend faults.
var suspends = chaos.Kind{
	Row: chaos.ClientPause,
	New: func(r *rand.Rand, _, _ int, lease time.Duration) chaos.Fault {
		return Suspend{between(r, time.Millisecond, 2*lease)}
	},
}

// A suspension is a moment since the bubble began, and what had been slept by then.
type suspension struct {
	at, total time.Duration
}

// suspend moves the time of the history, and with it every node's clock.
func (r *run) suspend(d time.Duration) {
	r.net.suspend(d)
	r.mu.Lock()
	defer r.mu.Unlock()
	total := d
	if n := len(r.suspends); n > 0 {
		total += r.suspends[n-1].total
	}
	r.suspends = append(r.suspends, suspension{time.Since(r.net.began), total})
}

// at returns the moment of the history that a client called t, as it saw things when
// it sent the request that t comes from.
func (r *run) at(t, sent time.Time) time.Duration {
	at := t.Sub(r.net.began)
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := len(r.suspends) - 1; i >= 0; i-- {
		if r.suspends[i].at <= sent.Sub(r.net.began) {
			return at + r.suspends[i].total
		}
	}
	return at
}
