package distlock_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
)

var errWork = errors.New("the work failed")

func TestDoHoldsTheLockWhileTheFunctionRuns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{TTL: time.Second})
		err := l.Do(context.Background(), "k", func(ctx context.Context) error {
			time.Sleep(time.Minute)
			require.NotEmpty(t, store.owner("k"))
			return ctx.Err()
		})
		require.NoError(t, err)
		require.Empty(t, store.owner("k"))
	})
}

func TestDoReturnsTheFunctionsErrorAsItIs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{})
		err := l.Do(context.Background(), "k", func(context.Context) error { return errWork })
		require.Equal(t, errWork, err)
		require.Empty(t, store.owner("k"))
	})
}

func TestDoEndsTheContextOnLossAndReportsItBesideTheFunctionsError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{TTL: 3 * time.Second})
		err := l.Do(context.Background(), "k", func(ctx context.Context) error {
			store.drop("k")
			<-ctx.Done()
			require.ErrorIs(t, context.Cause(ctx), distlock.ErrLost)
			return errWork
		})
		require.ErrorIs(t, err, errWork)
		require.ErrorIs(t, err, distlock.ErrLost)
	})
}

func TestDoReportsALossThatTheFunctionIgnored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{TTL: 3 * time.Second})
		err := l.Do(context.Background(), "k", func(context.Context) error {
			store.drop("k")
			time.Sleep(time.Minute)
			return nil
		})
		require.ErrorIs(t, err, distlock.ErrLost)
	})
}

func TestDoReportsAReleaseThatNobodyConfirmed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{})
		store.answers("release", distlock.Unanswered)
		err := l.Do(context.Background(), "k", func(context.Context) error { return errWork })
		require.ErrorIs(t, err, errWork)
		require.ErrorIs(t, err, distlock.ErrUnavailable)
	})
}

func TestDoEndsWithTheCallersContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{})
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		err := l.Do(ctx, "k", func(ctx context.Context) error {
			<-ctx.Done()
			return context.Cause(ctx)
		})
		require.Equal(t, context.DeadlineExceeded, err)
		require.Empty(t, store.owner("k"), "released, on a context that has ended")
	})
}

func TestDoDoesNotRunTheFunctionWithoutTheLock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{MaxRetries: 1})
		store.hold("k", time.Hour)
		err := l.Do(context.Background(), "k", func(context.Context) error {
			t.Error("it ran")
			return nil
		})
		require.ErrorIs(t, err, distlock.ErrHeld)
	})
}

func TestAPanicReleasesAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{})
		require.PanicsWithValue(t, "boom", func() {
			_ = l.Do(context.Background(), "k", func(context.Context) error { panic("boom") })
		})
		require.Empty(t, store.owner("k"))
	})
}

func TestGoexitReleases(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, store := newLocker(t, distlock.Config{})
		go func() {
			_ = l.Do(context.Background(), "k", func(context.Context) error {
				runtime.Goexit()
				return nil
			})
		}()
		synctest.Wait()
		require.Len(t, store.made("acquire"), 1)
		require.Empty(t, store.owner("k"))
	})
}

func TestDoLeavesTheCallersOptionsAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, _ := newLocker(t, distlock.Config{})
		opts := make([]distlock.Option, 1, 2)
		opts[0] = distlock.WithTTL(time.Second)
		require.NoError(t, l.Do(context.Background(), "k", func(context.Context) error { return nil }, opts...))
		require.Nil(t, opts[:2][1])
	})
}
