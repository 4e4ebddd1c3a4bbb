package distlock_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/clock"
)

func TestTraceTellsWhatHappensInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var told []string
		note := func(what string) func(distlock.Event) {
			return func(e distlock.Event) {
				mu.Lock()
				defer mu.Unlock()
				require.Equal(t, "k", e.Key)
				if e.Vote.Node != "" {
					what = fmt.Sprintf("vote on %s: %v", e.Op, e.Vote.Outcome)
				}
				told = append(told, fmt.Sprintf("%s err=%t", what, e.Err != nil))
			}
		}
		l, store := newLocker(t, distlock.Config{KeyPrefix: "p:", MaxRetries: 1, TTL: 3 * time.Second, Trace: &distlock.Trace{
			Waiting: note("waiting"), Attempt: note("attempt"), Vote: note("vote"), Acquired: note("acquired"),
			Extended: note("extended"), Lost: note("lost"), Released: note("released"),
		}})
		store.hold("p:k", 20*time.Millisecond)
		h := acquire(t, l)
		require.NoError(t, h.Extend(context.Background(), 0))
		store.drop("p:k")
		require.ErrorIs(t, h.Extend(context.Background(), 0), distlock.ErrLost)
		require.ErrorIs(t, h.Release(context.Background()), distlock.ErrLost)
		require.NoError(t, acquire(t, l).Release(context.Background()))
		require.Equal(t, []string{
			"vote on acquire: granted err=false", // the memory's begin
			"vote on acquire: refused err=false",
			"attempt err=true", "waiting err=true",
			"vote on acquire: granted err=false", "attempt err=false", "acquired err=false",
			"vote on extend: granted err=false", "extended err=false",
			"vote on extend: granted err=false", "vote on extend: refused err=false", "lost err=true", "extended err=true",
			"vote on release: granted err=false", "vote on release: refused err=false", "released err=true",
			"vote on acquire: granted err=false", "attempt err=false", "acquired err=false",
			"vote on release: granted err=false", "released err=false",
		}, told)
	})
}

func TestLostIsTracedThoughNobodyAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		lost := make(chan distlock.Event, 1)
		l, _ := newLocker(t, distlock.Config{TTL: time.Second, Trace: &distlock.Trace{Lost: func(e distlock.Event) { lost <- e }}})
		h := acquire(t, l)
		e := <-lost
		require.Equal(t, h.Token(), e.Token)
		require.ErrorIs(t, e.Err, distlock.ErrLost)
		require.False(t, e.ValidUntil.IsZero())
	})
}

func TestAReleaseTellsWhenTheLeaseWasOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []time.Time
		l, _ := newLocker(t, distlock.Config{TTL: 3 * time.Second, Trace: &distlock.Trace{
			Released: func(e distlock.Event) { told = append(told, e.ValidUntil) },
		}})
		h := acquire(t, l)
		time.Sleep(time.Second)
		asked := time.Now()
		require.NoError(t, h.Release(context.Background()))
		expired := acquire(t, l)
		time.Sleep(4 * time.Second)
		require.ErrorIs(t, expired.Release(context.Background()), distlock.ErrLost)
		require.Len(t, told, 2)
		require.True(t, told[0].Equal(asked), "%v, and released at %v", told[0], asked)
		require.True(t, told[1].Equal(expired.ValidUntil()), "%v, and over at %v", told[1], expired.ValidUntil())
	})
}

func TestAHookMayReleaseWhatItIsToldOf(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h *distlock.Handle
		told := make(map[string]int)
		release := func(what string) func(distlock.Event) {
			return func(distlock.Event) {
				told[what]++
				_ = h.Release(context.Background())
			}
		}
		l, _ := newLocker(t, distlock.Config{TTL: time.Second, Trace: &distlock.Trace{
			Lost: release("lost"), Released: release("released"),
		}})
		h = acquire(t, l)
		clock.SimulateSuspend(time.Second)
		require.ErrorIs(t, h.Release(context.Background()), distlock.ErrLost) // it finds the loss itself
		require.Equal(t, map[string]int{"lost": 1, "released": 1}, told)
	})
}

func TestAHookThatEndsItsGoroutineDoesNotHoldUpRelease(t *testing.T) {
	for _, op := range []string{"extend", "release"} {
		synctest.Test(t, func(t *testing.T) {
			l, store := newLocker(t, distlock.Config{Trace: &distlock.Trace{Vote: func(e distlock.Event) {
				if e.Op == op {
					op = "" // once
					panic("boom")
				}
			}}})
			h := acquire(t, l)
			require.PanicsWithValue(t, "boom", func() {
				_ = h.Extend(context.Background(), 0)
				_ = h.Release(context.Background())
			})
			_ = h.Release(context.Background())
			require.Empty(t, store.owner("k"))
		})
	}
}

func TestAHookMayCallTheHandle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h *distlock.Handle
		l, store := newLocker(t, distlock.Config{TTL: 3 * time.Second, Trace: &distlock.Trace{
			Extended: func(distlock.Event) { _ = h.Release(context.Background()) },
			Released: func(distlock.Event) { _ = h.Err() },
		}})
		h = acquire(t, l, distlock.WithAutoExtend())
		<-h.Done()
		synctest.Wait()
		require.ErrorIs(t, h.Err(), distlock.ErrReleased)
		require.Empty(t, store.owner("k"))
	})
}
