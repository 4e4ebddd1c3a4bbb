package chaos_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/chaos"
	"github.com/lilith/distlock/redlock"
)

func TestEveryKindHurtsEmbeddedNodesAndHeals(t *testing.T) {
	t.Parallel()
	c, err := chaos.StartEmbedded(3, chaos.ClusterOptions{TLS: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	requireHealing(t, c)
}

func TestEveryKindHurtsProcessesAndHeals(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("redis-server"); err != nil {
		chaos.Processes(t, 1) // skips, or fails, as the environment says
	}
	c, err := chaos.StartProcesses(3, chaos.ClusterOptions{TLS: true})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	requireHealing(t, c)
}

// requireHealing injects a fault of every kind that acts on nodes, while a lock is
// held, heals it, and requires that the lock can be had again.
func requireHealing(t *testing.T, c *chaos.Cluster) {
	locker, err := redlock.New(c.Dial(), distlock.Config{TTL: 400 * time.Millisecond, MaxRetries: distlock.RetryForever, MaxRetryDelay: 50 * time.Millisecond})
	require.NoError(t, err)
	defer locker.Close()
	rec := chaos.NewRecorder()
	random := rand.New(rand.NewPCG(1, 2))
	for _, k := range chaos.Kinds() {
		f := k.New(random, 3, 0, 200*time.Millisecond)
		if f == nil {
			continue // a client's
		}
		h, heal := strike(t, locker, f, c, rec)
		err := h.Extend(t.Context(), 0)
		if err != nil && !errors.Is(err, distlock.ErrLost) && !errors.Is(err, distlock.ErrReleased) {
			require.True(t, errors.Is(err, distlock.ErrUnavailable) || errors.Is(err, distlock.ErrRejected), "%v: %v", f, err)
		}
		require.NoError(t, heal(), "%v", f)
		_ = h.Release(t.Context()) // lost, as a rule
	}
	require.Eventually(t, func() bool { // not at once on a busy machine
		h, err := locker.WaitForLock(t.Context(), "k", 30*time.Second)
		return err == nil && h.Release(t.Context()) == nil
	}, time.Minute, time.Millisecond)
}

// strike injects f while a lock is held. On a busy machine that may be lost before, and
// there is nothing to strike at: then it tries again.
func strike(t *testing.T, locker *distlock.Locker, f chaos.Fault, c *chaos.Cluster, rec *chaos.Recorder) (*distlock.Handle, func() error) {
	for try := 1; ; try++ {
		h, err := locker.WaitForLock(t.Context(), "k", 30*time.Second)
		require.NoError(t, err, "before %v", f)
		if u, ok := f.(chaos.Usurp); ok && !u.Overwrite {
			require.NoError(t, h.Release(t.Context()))
		}
		aimed, ok := f.(chaos.Aimed)
		if ok {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			_ = aimed.Aim(ctx, c)
			cancel()
		}
		heal, err := chaos.Inject(t.Context(), f, c, rec)
		if err == nil {
			return h, heal
		}
		require.True(t, ok && try < 20, "%v: %v", f, err)
		_ = h.Release(t.Context()) // lost, as a rule
	}
}
