package distlock_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/redistest"
	"github.com/lilith/distlock/redlock"
	"github.com/lilith/distlock/single"
)

// A bed is one way to lock that the conformance table runs over.
type bed struct {
	clients []redis.UniversalClient
	quorum  bool
}

// locker leaves the nodes as long to answer as may be: how slow they are is not the subject.
func (b bed) locker(t *testing.T, cfg distlock.Config) *distlock.Locker {
	t.Helper()
	cfg.NodeTimeout = cmp.Or(cfg.TTL, 30*time.Second) / 2
	var l *distlock.Locker
	var err error
	if b.quorum {
		l, err = redlock.New(b.clients, cfg)
	} else {
		l, err = single.New(b.clients[0], cfg)
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, l.Close()) })
	return l
}

// values returns what each node holds at key, "" for nothing.
func (b bed) values(t *testing.T, key string) []string {
	t.Helper()
	values := make([]string, len(b.clients))
	for i, c := range b.clients {
		v, err := c.Get(context.Background(), key).Result()
		if !errors.Is(err, redis.Nil) {
			require.NoError(t, err)
		}
		values[i] = v
	}
	return values
}

func (b bed) requireFree(t *testing.T, key string) { b.requireEverywhere(t, key, "") }

// requireEverywhere waits until every node holds value at key.
func (b bed) requireEverywhere(t *testing.T, key, value string) {
	t.Helper()
	require.Eventually(t, func() bool {
		for _, v := range b.values(t, key) {
			if v != value {
				return false
			}
		}
		return true
	}, 10*time.Second, time.Millisecond, "a node has not %q at %q", value, key)
}

func (b bed) majority() int { return len(b.clients)/2 + 1 }

func beds() map[string]func(t *testing.T) bed {
	all := make(map[string]func(t *testing.T) bed)
	for _, n := range []int{1, 3, 5} {
		name := fmt.Sprintf("redlock x %d", n)
		if n == 1 {
			name = "single"
		}
		all[name+" on miniredis"] = func(t *testing.T) bed {
			_, clients := redistest.Minis(t, n)
			return bed{clients, n > 1}
		}
		all[name+" on Redis"] = func(t *testing.T) bed {
			return bed{redistest.Clients(redistest.StartN(t, n)), n > 1}
		}
	}
	return all
}

func TestConformance(t *testing.T) {
	cases := []struct {
		name string
		run  func(t *testing.T, b bed)
	}{
		{"acquire, hold, release", acquireHoldRelease},
		{"a second owner is refused and leaves the first alone", secondOwner},
		{"extend lengthens on every node", extendLengthens},
		{"an expired lease is lost and is another's", expiredLease},
		{"a lease deleted by hand is lost", deletedByHand},
		{"a waiter gets the lock when it is released", waiterGetsIt},
		{"a release hands the lock on in a process, first come, first served", handedOnInAProcess},
		{"a release is told to who waits in another process", toldInAnotherProcess},
		{"every process is served", everyProcessIsServed},
		{"a cancelled waiter leaves the queue", cancelledWaiter},
		{"a waiter cancelled beside a release keeps no key", cancelledBesideRelease},
		{"each of many waiters makes its attempts and no more", attemptsAreExact},
		{"a key of another type is rejected at once", wrongType},
		{"inspect tells the owner", inspectTells},
		{"a key with an empty value is held", emptyValue},
		{"keys with braces and odd bytes", oddKeys},
		{"no key is left without an expiry", everyKeyExpires},
		{"tokens rise and holders never overlap", tokensRise},
		{"Do renews beyond the TTL", doRenews},
		{"a plain SET NX excludes and is excluded", plainSetNX},
	}
	for name, open := range beds() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := open(t)
			for _, c := range cases {
				t.Run(c.name, func(t *testing.T) {
					for _, client := range b.clients {
						require.NoError(t, client.FlushAll(context.Background()).Err())
					}
					c.run(t, b)
				})
			}
		})
	}
}

var background = context.Background()
