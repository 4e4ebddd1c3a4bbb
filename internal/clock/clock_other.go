//go:build !linux

package clock

import "time"

// wallOrigin is origin without its monotonic reading.
var wallOrigin = origin.Round(0)

// suspendedTime takes what the wall clock has gained on the monotonic clock as
// time suspended: on these systems the larger of the two elapsed times is the
// safe one. A wall clock set forward makes leases end early, which is the safe
// side too.
func suspendedTime(elapsed time.Duration) time.Duration {
	return max(0, time.Now().Round(0).Sub(wallOrigin)-elapsed)
}
