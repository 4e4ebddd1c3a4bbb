package distlock

import (
	"fmt"
	"math"
	"time"
)

// Special values of [Config].MaxRetries.
const (
	NoRetries    = -1 // one attempt and no more
	RetryForever = -2 // attempts until the context ends
)

const (
	// minTTL is the shortest lease: below it the clock's own resolution, the
	// drift allowance and a round trip leave nothing to work in.
	minTTL = 10 * time.Millisecond

	// maxTTL keeps sums of times far from overflow.
	maxTTL = 10 * 365 * 24 * time.Hour

	// driftMargin is always added to the drift: Redis expires keys with a
	// resolution of 1 ms, and a millisecond is left for the least drift of small
	// TTLs (redis.io, "Distributed Locks with Redis").
	driftMargin = 2 * time.Millisecond
)

// Config says how a [Locker] behaves. Its zero value works. It is read once, by
// the constructor, which refuses a bad field with an error that names it.
type Config struct {
	// KeyPrefix is put before every key, as it stands. Default "".
	KeyPrefix string

	// TTL is the length of a lease when a call names none. Default 30 s, at
	// least 10 ms. A fraction of a millisecond is rounded up.
	TTL time.Duration

	// MaxRetries is how many attempts Acquire makes after the first. Default 3;
	// NoRetries for none, RetryForever for as many as the context allows.
	MaxRetries int

	// RetryDelay is the nominal wait before the second attempt; it doubles with
	// each further one, and each wait is drawn at random from the upper half of
	// its nominal value. Default 100 ms.
	RetryDelay time.Duration

	// MaxRetryDelay is the cap of one nominal wait. Default 2 s.
	MaxRetryDelay time.Duration

	// NodeTimeout is how long one node may take to answer one request before it
	// counts as unreachable. Default 200 ms, at most half of TTL; a value given
	// must be below TTL. A call with a shorter TTL caps it at half of that.
	NodeTimeout time.Duration

	// DriftFactor is the clock drift allowed for between this process and a
	// node, as a part of the TTL; 2 ms are always added. Default 0.01, below 1.
	DriftFactor float64

	// RestartGuard keeps a node that restarted less than this ago, or that was
	// seen to change its identity, from voting: it may have forgotten a lease.
	// It must be at least as long as the longest TTL in use, by any process.
	// Default 0: off.
	RestartGuard time.Duration

	// NoFencing leaves fencing tokens out.
	NoFencing bool

	// NoWakeups makes waiters only poll, and announces no release to other processes.
	// Within the process the lock is handed on all the same.
	NoWakeups bool

	// Trace has hooks that are told what happens. Default nil.
	Trace *Trace

	_ struct{}
}

// Validate returns c with its defaults filled in, or an error that is
// [ErrInvalidArgument] and names the field, its bound and the remedy.
func (c Config) Validate() (Config, error) {
	setDefault(&c.TTL, 30*time.Second)
	setDefault(&c.RetryDelay, 100*time.Millisecond)
	setDefault(&c.MaxRetryDelay, 2*time.Second)
	if c.MaxRetries == 0 {
		c.MaxRetries = 3
	}
	if c.DriftFactor == 0 {
		c.DriftFactor = 0.01
	}
	// The drift factor and the guard come before the TTL, which is measured on them.
	switch {
	case !(c.DriftFactor > 0 && c.DriftFactor < 1): // NaN too
		return c, invalid("Config.DriftFactor is %v: it must be above 0 and below 1; leave it 0 for 0.01", c.DriftFactor)
	case c.RestartGuard < 0:
		return c, invalid("Config.RestartGuard is %v: it must not be negative; leave it 0 for no guard", c.RestartGuard)
	case c.MaxRetries < RetryForever:
		return c, invalid("Config.MaxRetries is %d: it must be at least 0, or NoRetries, or RetryForever", c.MaxRetries)
	case c.RetryDelay < 0:
		return c, invalid("Config.RetryDelay is %v: it must not be negative; leave it 0 for 100ms", c.RetryDelay)
	case c.MaxRetryDelay < 0:
		return c, invalid("Config.MaxRetryDelay is %v: it must not be negative; leave it 0 for 2s", c.MaxRetryDelay)
	}
	if err := c.checkTTL("Config.TTL", c.TTL); err != nil {
		return c, err
	}
	c.TTL = wholeMillis(c.TTL)
	switch {
	case c.NodeTimeout < 0:
		return c, invalid("Config.NodeTimeout is %v: it must not be negative; leave it 0 for 200ms", c.NodeTimeout)
	case c.NodeTimeout >= c.TTL:
		return c, invalid("Config.NodeTimeout is %v: it must be below the TTL, %v; shorten it or lengthen Config.TTL", c.NodeTimeout, c.TTL)
	}
	if c.NodeTimeout == 0 {
		c.NodeTimeout = min(200*time.Millisecond, c.TTL/2)
	}
	return c, nil
}

// retries is MaxRetries as a number.
func (c *Config) retries() int {
	switch c.MaxRetries {
	case NoRetries:
		return 0
	case RetryForever:
		return math.MaxInt
	default:
		return c.MaxRetries
	}
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// checkTTL returns an error that names field where ttl cannot be a lease.
func (c *Config) checkTTL(field string, ttl time.Duration) error {
	switch {
	case ttl > 0 && ttl < time.Microsecond:
		return invalid("%s is %v: a lease lasts at least %v; a bare number counts nanoseconds: write %d * time.Second, say",
			field, ttl, minTTL, ttl)
	case ttl < minTTL:
		return invalid("%s is %v: a lease lasts at least %v; lengthen it, or leave it out for the default", field, ttl, minTTL)
	case ttl > maxTTL:
		return invalid("%s is %v: a lease lasts at most %v; shorten it", field, ttl, maxTTL)
	case c.RestartGuard > 0 && ttl > c.RestartGuard:
		return invalid("%s is %v, longer than Config.RestartGuard, %v: a restarted node would vote while a lease that it forgot still runs; shorten the one or lengthen the other",
			field, ttl, c.RestartGuard)
	case c.validity(ttl) <= 0:
		return invalid("%s is %v: the allowance for drift, %v of it and %v, leaves none of it; lengthen it or lower Config.DriftFactor",
			field, ttl, c.DriftFactor, driftMargin)
	}
	return nil
}

// validity is how much of a lease of length ttl its holder may use, counted from
// before the first request: the rest allows for clock drift.
func (c *Config) validity(ttl time.Duration) time.Duration {
	return ttl - time.Duration(float64(ttl)*c.DriftFactor) - driftMargin
}

// ttlFor is the TTL whose validity is left, as far as a node is concerned.
func (c *Config) ttlFor(left time.Duration) time.Duration {
	return wholeMillis(time.Duration(float64(left+driftMargin) / (1 - c.DriftFactor)))
}

// wholeMillis rounds up, so that no lease comes out shorter than asked, or 0.
func wholeMillis(d time.Duration) time.Duration {
	return (d + time.Millisecond - 1).Truncate(time.Millisecond)
}

func invalid(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrInvalidArgument, fmt.Sprintf(format, args...))
}
