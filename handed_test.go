package distlock_test

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
)

// leaving is a store that ends a waiter's context as it hands him the lock.
type leaving struct {
	*memory
	leave func()
}

func (s leaving) HandOver(ctx context.Context, req distlock.Request, granted func(distlock.Result)) distlock.Result {
	return s.memory.HandOver(ctx, req, func(res distlock.Result) {
		s.leave()
		granted(res)
	})
}

func TestWhatIsHandedToOneWhoLeavesIsGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(background)
		defer cancel()
		l, err := distlock.New(leaving{newMemory(), cancel}, forever)
		require.NoError(t, err)
		h := acquire(t, l)
		c := newCrowd(t, l)
		c.join(ctx, 1, 0)
		require.NoError(t, h.Release(background))
		c.done.Wait()
		require.ErrorIs(t, c.errs[1], context.Canceled)
		synctest.Wait()
		again, err := l.TryAcquire(background, "k")
		require.NoError(t, err)
		require.NoError(t, again.Release(background))
	})
}
