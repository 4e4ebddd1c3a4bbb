package distlock

import "time"

// An Option changes one acquisition.
type Option func(*terms)

// WithTTL sets the length of this lease: at least 10 ms, a fraction of a
// millisecond rounded up, and at most Config.RestartGuard where that is on.
func WithTTL(ttl time.Duration) Option {
	return func(t *terms) { t.ttl, t.ownTTL = ttl, true }
}

// WithAutoExtend renews the lease in the background, every third of its TTL,
// until it is released or lost.
func WithAutoExtend() Option {
	return func(t *terms) { t.renew = true }
}

// WithMaxHold renews the lease as [WithAutoExtend] does, but no more once d has
// passed since it was acquired; it then runs out, up to one TTL after that. d must be
// positive.
func WithMaxHold(d time.Duration) Option {
	return func(t *terms) { t.renew, t.maxHold, t.ownMaxHold = true, d, true }
}

// terms are those of one acquisition, with the Config's filled in.
type terms struct {
	ttl, nodeTimeout, maxHold time.Duration
	ownTTL, ownMaxHold, renew bool
}

func (c *Config) terms(opts []Option) (terms, error) {
	if len(opts) == 0 {
		return terms{ttl: c.TTL, nodeTimeout: c.NodeTimeout}, nil
	}
	t := terms{ttl: c.TTL, nodeTimeout: c.NodeTimeout} // which escapes to the options
	for _, opt := range opts {
		if opt == nil {
			return t, invalid("an option is nil")
		}
		opt(&t)
	}
	if t.ownTTL {
		if err := c.checkTTL("WithTTL", t.ttl); err != nil {
			return t, err
		}
		t.ttl = wholeMillis(t.ttl)
		t.nodeTimeout = c.nodeTimeoutFor(t.ttl)
	}
	if t.ownMaxHold && t.maxHold <= 0 {
		return t, invalid("WithMaxHold is %v: it must be above 0; leave it out to renew without end", t.maxHold)
	}
	return t, nil
}

// nodeTimeoutFor caps the node timeout for a TTL that may be shorter than the
// Config's: a node that takes half the lease to answer leaves too little of it.
func (c *Config) nodeTimeoutFor(ttl time.Duration) time.Duration {
	if ttl < c.TTL {
		return min(c.NodeTimeout, ttl/2)
	}
	return c.NodeTimeout
}
