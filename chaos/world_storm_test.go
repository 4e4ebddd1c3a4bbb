package chaos_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/lilith/distlock/chaos"
)

// storm does something at random to a node. What cannot be done now is an error, and
// no matter.
func storm(ctx context.Context, r *rand.Rand, n chaos.Node) {
	switch r.IntN(12) {
	case 0:
		_ = n.Crash(ctx)
	case 1:
		_ = n.Start(ctx, chaos.Memory(r.IntN(3)))
	case 2:
		_ = n.Remember(ctx)
	case 3:
		_ = n.Freeze(ctx)
	case 4:
		_ = n.Thaw(ctx)
	case 5:
		_ = n.Trouble(ctx, chaos.Trouble{
			Delay: time.Duration(r.IntN(5)) * time.Millisecond, DropRequests: r.IntN(4) == 0, DropReplies: r.IntN(4) == 0,
			Refuse: r.IntN(4) == 0, LoseReplies: r.IntN(3), CutReplies: r.IntN(3),
		})
	case 6:
		_ = n.JumpClock(ctx, time.Duration(r.IntN(200)-100)*time.Millisecond)
	case 7:
		_ = n.RateClock(ctx, 0.5+r.Float64())
	case 8, 9:
		_ = n.Suffer(ctx, chaos.Condition(r.IntN(8)))
	case 10:
		_, _ = n.Do(ctx, "DBSIZE")
	case 11:
		_ = n.Trouble(ctx, chaos.Trouble{})
	}
}

// settled waits for the goroutines of go-redis that try a node for a second longer
// after their client has been closed.
func settled(t *testing.T) {
	t.Cleanup(func() {
		for range 20 {
			if goleak.Find() == nil {
				return
			}
		}
	})
}

func TestWhateverOverlapsIsHealed(t *testing.T) {
	for name, nodes := range map[string]func(testing.TB, int) *chaos.Cluster{
		"embedded": chaos.Embedded, "processes": chaos.Processes,
	} {
		t.Run(name, func(t *testing.T) {
			settled(t)
			c := nodes(t, 3)
			ctx, stop := context.WithCancel(t.Context())
			var clients, storms sync.WaitGroup
			for _, n := range c.Nodes() {
				client := impatient(t, n)
				for range 3 {
					clients.Go(func() {
						for ctx.Err() == nil {
							_ = client.Eval(ctx, writeScript, []string{"k"}, "v").Err()
							_ = client.Incr(ctx, "n").Err()
						}
					})
				}
				for range 2 {
					seed := rand.Uint64()
					t.Logf("seed %d", seed)
					r := rand.New(rand.NewPCG(seed, 0))
					storms.Go(func() {
						for range 60 {
							storm(t.Context(), r, n)
						}
					})
				}
			}
			storms.Wait()
			heal(t, c)
			stop()
			clients.Wait()
			for _, n := range c.Nodes() {
				client := impatient(t, n)
				require.NoError(t, client.Set(t.Context(), "k", "after", 0).Err())
				require.Equal(t, "after", client.Get(t.Context(), "k").Val())
			}
		})
	}
}
