package chaos_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/chaos"
)

// Nodes whose clocks are wrong: a lease is a time, which a node must tell by its clock.
// One node is enough, where two quorums meet in it.

// S3: N=5, C1 on A, B, C; C's clock jumps forward; C2 on C, D, E.
func TestS3AClockThatJumpsForwardMakesTwoHolders(t *testing.T) {
	scenes(t, func(t *testing.T, s *scene) {
		second := s.locker(longLease)
		reconnect := s.partition(3, 4)
		_, a := s.first(longLease)
		s.requireOwned(a, 0, 1, 2)
		reconnect()
		_, err := second.TryAcquire(t.Context(), "k")
		require.ErrorIs(t, err, distlock.ErrHeld, "as long as clocks are right there is one holder")

		s.jump(2, longLease.TTL+time.Second)
		b := obtain(t, second)
		requireTwoHolders(t, a, b)
		s.requireOwned(a, 0, 1)
		s.requireOwned(b, 2, 3, 4)
		requireFenced(t, a, b)
	}, 5)
}

// S3 once more, on servers whose own clocks jump, rather than what their keys have to
// live: what TIME tells, by which a counter is held to be too large, jumps too.
func TestS3AServersOwnClockThatJumpsForwardMakesTwoHolders(t *testing.T) {
	s := ownClocks(t, 3)
	second := s.locker(longLease)
	reconnect := s.partition(2)
	_, a := s.first(longLease)
	s.requireOwned(a, 0, 1)
	reconnect()
	_, err := second.TryAcquire(t.Context(), "k")
	require.ErrorIs(t, err, distlock.ErrHeld, "as long as clocks are right there is one holder")

	s.jump(1, longLease.TTL+time.Second)
	b := obtain(t, second)
	requireTwoHolders(t, a, b)
	s.requireOwned(a, 0)
	s.requireOwned(b, 1, 2)
	requireFenced(t, a, b)
}

// S10: a node's clock runs faster than DriftFactor allows for.
func TestS10AClockFasterThanTheDriftAllowedForMakesTwoHolders(t *testing.T) {
	scenes(t, func(t *testing.T, s *scene) {
		second := s.locker(longLease)
		reconnect := s.partition(2)
		_, a := s.first(longLease)
		s.requireOwned(a, 0, 1)
		reconnect()
		_, err := second.TryAcquire(t.Context(), "k")
		require.ErrorIs(t, err, distlock.ErrHeld, "as long as clocks are right there is one holder")

		// So much faster that most of the lease is left to its holder when the node is
		// through with it, on however slow a machine.
		fast := chaos.SkewClock{Node: 1, Rate: 200}
		heal, err := fast.Inject(t.Context(), s.Cluster)
		require.NoError(t, err)
		b := obtain(t, second)
		require.NoError(t, heal(t.Context()))
		requireTwoHolders(t, a, b)
		s.requireOwned(a, 0)
		s.requireOwned(b, 2)
		requireFenced(t, a, b)
	}, 3)
}
