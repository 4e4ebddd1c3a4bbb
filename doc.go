// Package distlock keeps jobs from running twice: it grants a lease on a key to
// one owner at a time, on one Redis or on a majority of independent ones, and
// tells the owner before the lease can be another's.
//
// # What it guarantees
//
// While its assumptions hold, no two owners hold one key at once: clocks drift
// apart by less than [Config].DriftFactor, and no node forgets a key within the
// longest TTL, or [Config].RestartGuard is on. What a lease alone cannot prevent
// (a holder paused beyond its lease, a node whose clock jumps) a fencing token
// catches: [Handle.FencingToken] grows from holder to holder, and a resource
// that refuses a token smaller than one it has seen applies no stale write.
//
// # Where to begin
//
// Package single locks on one Redis, package redlock on a quorum; both return
// the [Locker] of this package, so that a program moves from one to the other by
// changing one line. [Locker.Do] is the shortest way to a guarded function:
//
//	err := locker.Do(ctx, "report:2026-11", func(ctx context.Context) error {
//		return export(ctx) // ctx ends the moment the lease is lost
//	})
//
// # Limits
//
// A lease is a promise about time. Code that holds one must stop when
// [Handle.Done] is closed, and a resource worth protecting must check the fencing
// token. Waiters are served first come, first served within a process, and nearly so
// between processes. A lock is not re-entrant.
package distlock
