package chaos

import (
	"time"

	"github.com/lilith/distlock"
)

// Habits are all that a client's behaviour depends on, the world aside. They go to a
// worker process as JSON.
type habits struct {
	Name    string          // of this incarnation
	Index   int             // the client's place
	Life    int             // how many came before it there
	Workers int             // who share its Locker
	Seed    uint64          // of its decisions
	Keys    []string        // without the prefix; a run may change them
	Config  distlock.Config `json:"-"` // without hooks; to a process it goes as settings
	Margin  time.Duration   // by which an operation may overrun its bound on a busy machine
}

// settings are a distlock.Config as it goes to another process, which hooks cannot.
type settings struct {
	KeyPrefix                                                 string
	TTL, RetryDelay, MaxRetryDelay, NodeTimeout, RestartGuard time.Duration
	MaxRetries                                                int
	DriftFactor                                               float64
	NoFencing, NoWakeups                                      bool
}

func settingsOf(c distlock.Config) settings {
	return settings{
		KeyPrefix: c.KeyPrefix, TTL: c.TTL, RetryDelay: c.RetryDelay, MaxRetryDelay: c.MaxRetryDelay,
		NodeTimeout: c.NodeTimeout, RestartGuard: c.RestartGuard, MaxRetries: c.MaxRetries,
		DriftFactor: c.DriftFactor, NoFencing: c.NoFencing, NoWakeups: c.NoWakeups,
	}
}

func (s settings) config() distlock.Config {
	return distlock.Config{
		KeyPrefix: s.KeyPrefix, TTL: s.TTL, RetryDelay: s.RetryDelay, MaxRetryDelay: s.MaxRetryDelay,
		NodeTimeout: s.NodeTimeout, RestartGuard: s.RestartGuard, MaxRetries: s.MaxRetries,
		DriftFactor: s.DriftFactor, NoFencing: s.NoFencing, NoWakeups: s.NoWakeups,
	}
}

// longest is the longest lease that clients ask for: a part more than the usual one.
func longest(ttl time.Duration) time.Duration { return ttl * 5 / 4 }

// cleanUp is how long an attempt that failed may take to give back what it was granted.
const cleanUp = 100 * time.Millisecond

// A bound of one round of requests: a node alone may need a second node timeout to be
// connected to, and a quorum may need a second phase.
func (h *habits) roundBound() time.Duration { return 2*h.Config.NodeTimeout + cleanUp + h.Margin }

// attemptsBound is how long Acquire may take for all of its attempts.
func (h *habits) attemptsBound() time.Duration {
	retries := time.Duration(max(h.Config.MaxRetries, 0))
	return h.roundBound() + retries*(2*h.Config.NodeTimeout+cleanUp+h.Config.MaxRetryDelay)
}
