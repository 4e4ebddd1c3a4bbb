package chaos_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/chaos"
)

// What no lease can prevent: a holder that acts after its lease is over, because it was
// paused, or because what it sent took long. Each test sees two in the critical section
// at once, and the fence refuse the one that is late.

// S1: C1 holds, pauses longer than its TTL between check and write; C2 acquires and
// writes; C1 wakes.
func TestS1AHolderPausedBetweenCheckAndWriteIsRefusedByTheFence(t *testing.T) {
	scenes(t, func(t *testing.T, s *scene) {
		var fenced chaos.Register
		var unfenced chaos.Ledger
		first := obtainAndCheck(t, s.locker(shortLease))
		openFor(t, &fenced, first)
		page := unfenced.Read("k")
		// C1 is paused from here. It has checked, and will write when it wakes.

		second := obtain(t, s.locker(longLease))
		openFor(t, &fenced, second)
		require.True(t, writeFor(&fenced, second, 2))
		unfenced.Put("k", append(unfenced.Read("k"), 2))

		require.True(t, second.IsHeld(), "C1 wakes in the middle of C2's critical section")
		requireOrdered(t, first, second)
		require.False(t, writeFor(&fenced, first, 1), "the fence refuses the stale write")
		require.Equal(t, int64(2), openFor(t, &fenced, second))
		require.Empty(t, unfenced.Lost("k"))
		unfenced.Put("k", append(page, 1))
		require.Equal(t, []int64{2}, unfenced.Lost("k"), "without a fence C2's update is lost: the two overlapped")

		require.False(t, first.IsHeld(), "C1 would have known, had it looked again")
		require.ErrorIs(t, first.Release(context.Background()), distlock.ErrLost)
		require.NoError(t, second.Release(context.Background()))
	}, 1, 3)
}

// S2: as S1, but C1 does all it can, and its write is delayed on the network.
func TestS2AWriteDelayedOnTheNetworkIsRefusedByTheFence(t *testing.T) {
	scenes(t, func(t *testing.T, s *scene) {
		var fenced chaos.Register
		var unfenced chaos.Ledger
		network := make(chan func() bool, 1) // with room for one message
		first := obtainAndCheck(t, s.locker(shortLease))
		openFor(t, &fenced, first)
		page := unfenced.Read("k")
		network <- func() bool { // sent while the lease is held, as checked
			unfenced.Put("k", append(page, 1))
			return writeFor(&fenced, first, 1)
		}
		<-first.Done() // and C1 stops when it is told to
		require.ErrorIs(t, first.Release(context.Background()), distlock.ErrLost)

		second := obtain(t, s.locker(longLease))
		openFor(t, &fenced, second)
		require.True(t, writeFor(&fenced, second, 2))
		unfenced.Put("k", append(unfenced.Read("k"), 2))

		require.True(t, second.IsHeld(), "the message arrives in C2's critical section")
		requireOrdered(t, first, second)
		require.False(t, (<-network)(), "the fence refuses the delayed write")
		require.Equal(t, int64(2), openFor(t, &fenced, second))
		require.Equal(t, []int64{2}, unfenced.Lost("k"), "without a fence C2's update is lost: the two overlapped")
		require.NoError(t, second.Release(context.Background()))
	}, 3)
}

// S7: C1 pauses after its validity check, which is the library's own, at the end of an
// acquisition: a hook that is called right after it is where C1 stops.
func TestS7AHolderPausedAfterTheValidityCheckIsRefusedByTheFence(t *testing.T) {
	scenes(t, func(t *testing.T, s *scene) {
		var fenced chaos.Register
		var second *distlock.Handle
		other := s.locker(longLease)
		cfg := shortLease
		cfg.Trace = &distlock.Trace{Acquired: func(distlock.Event) {
			second = obtain(t, other) // takes as long as C1's lease: the pause
			openFor(t, &fenced, second)
			require.True(t, writeFor(&fenced, second, 2))
		}}
		first := obtain(t, s.locker(cfg)) // without an error: C1 is told that it holds the lock
		require.True(t, second.IsHeld(), "while C2 does")
		requireOrdered(t, first, second)
		require.False(t, writeFor(&fenced, first, 1), "the fence refuses the stale write")
		require.Equal(t, int64(2), openFor(t, &fenced, second))

		require.False(t, first.IsHeld(), "C1 would have known, had it looked again")
		require.ErrorIs(t, first.Release(context.Background()), distlock.ErrLost)
		require.NoError(t, second.Release(context.Background()))
	}, 1, 3)
}

// S16: the next holder has the lock and reads; the one before writes late; the next
// writes what it made of what it read. A fence that checks writes alone has seen no newer
// token when the late write comes: it must be shown the token before anything is read.
func TestS16ALateWriteBeforeTheNextHoldersFirstIsRefusedOnceItHasOpened(t *testing.T) {
	t.Parallel()
	const before, increment = 10, 1
	for name, opens := range map[string]bool{"opened before reading": true, "read without opening": false} {
		t.Run(name, func(t *testing.T) {
			scenes(t, func(t *testing.T, s *scene) {
				var fenced chaos.Register
				late := obtainAndCheck(t, s.locker(shortLease))
				openFor(t, &fenced, late)
				require.True(t, writeFor(&fenced, late, before))
				atLate := openFor(t, &fenced, late)
				// The holder is paused from here: it has read, and not yet written.

				next := obtain(t, s.locker(longLease))
				requireOrdered(t, late, next)
				var atNext int64
				if opens {
					atNext = openFor(t, &fenced, next)
				} else {
					atNext = openFor(t, &fenced, late) // a read that shows no token of its own
				}
				require.True(t, next.IsHeld(), "the other wakes in this one's critical section")
				applied := writeFor(&fenced, late, atLate+increment)
				require.True(t, writeFor(&fenced, next, atNext+increment))
				require.Equal(t, !opens, applied, "a late write is refused once the next holder has opened")
				require.Equal(t, int64(before+increment), openFor(t, &fenced, next),
					"two increments: one refused, or, without opening, one applied and lost")
				require.True(t, next.IsHeld())
				require.NoError(t, next.Release(context.Background()))
			}, 3)
		})
	}
}
