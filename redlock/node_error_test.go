package redlock_test

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/redistest"
	"github.com/lilith/distlock/redlock"
)

func TestS27EachErrorOfANodeIsNamedAndNeverTakenForAnOwner(t *testing.T) {
	for name, c := range map[string]struct {
		args    []string
		spoil   func(s *redistest.Server)
		options redis.Options
		words   string
		verdict error
	}{
		"READONLY": {
			spoil: func(s *redistest.Server) { s.Do("replicaof", "127.0.0.1", "1") },
			words: "READONLY", verdict: distlock.ErrUnavailable,
		},
		"OOM": {
			spoil: func(s *redistest.Server) { s.Do("config", "set", "maxmemory", "1") },
			words: "OOM", verdict: distlock.ErrUnavailable,
		},
		"MISCONF": {
			args: []string{"--save", "3600 1", "--enable-protected-configs", "yes"},
			spoil: func(s *redistest.Server) {
				s.Do("config", "set", "dir", "/proc") // where no snapshot can be written
				s.Do("set", "any", "change")
				_ = s.Try("bgsave")
				s.Await(func() bool {
					return strings.Contains(fmt.Sprint(s.Do("info", "persistence")), "rdb_last_bgsave_status:err")
				})
			},
			words: "MISCONF", verdict: distlock.ErrUnavailable,
		},
		"NOAUTH":    {args: []string{"--requirepass", "secret"}, words: "NOAUTH", verdict: distlock.ErrRejected},
		"WRONGPASS": {args: []string{"--requirepass", "secret"}, options: redis.Options{Password: "guess"}, words: "WRONGPASS", verdict: distlock.ErrRejected},
		"NOPERM": {
			spoil: func(s *redistest.Server) {
				s.Do("acl", "setuser", "weak", "on", ">pw", "~*", "+@connection", "+ping")
			},
			options: redis.Options{Username: "weak", Password: "pw"}, words: "NOPERM", verdict: distlock.ErrRejected,
		},
		"NOPERM inside a script": {
			spoil: func(s *redistest.Server) {
				s.Do("acl", "setuser", "weak", "on", ">pw", "~*", "+@all", "-set")
			},
			options: redis.Options{Username: "weak", Password: "pw"}, words: "can't run this command", verdict: distlock.ErrRejected,
		},
		"WRONGTYPE": {
			spoil: func(s *redistest.Server) { s.Do("hset", "k", "f", "v") },
			words: "WRONGTYPE", verdict: distlock.ErrRejected,
		},
		"TLS where there is none": {
			options: redis.Options{TLSConfig: &tls.Config{ServerName: "redis"}},
			words:   "", verdict: distlock.ErrUnavailable,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &rig{t: t, servers: redistest.StartN(t, 3, c.args...)}
			for _, s := range r.servers {
				options := c.options
				options.Addr = s.Addr()
				client := redis.NewClient(&options)
				t.Cleanup(func() { _ = client.Close() })
				r.clients = append(r.clients, client)
				if c.spoil != nil {
					c.spoil(s)
				}
			}
			for _, clients := range [][]redis.UniversalClient{r.clients, r.clients[:1]} {
				l := r.lockerOver(clients, distlock.Config{MaxRetries: 1, RetryDelay: time.Millisecond, NodeTimeout: 2 * time.Second})
				_, err := l.Acquire(background, "k")
				require.ErrorIs(t, err, c.verdict)
				require.NotErrorIs(t, err, distlock.ErrHeld)
				require.NotErrorIs(t, err, context.DeadlineExceeded)
				require.ErrorContains(t, err, c.words)
				var failed *distlock.AcquisitionError
				require.ErrorAs(t, err, &failed)
				require.ErrorContains(t, err, failed.Votes[0].Node)
				if errors.Is(c.verdict, distlock.ErrRejected) {
					require.Equal(t, 1, failed.Attempts, "fails at once")
				}
			}
		})
	}
}

func TestS27AHalfOpenConnectionIsAHungNode(t *testing.T) {
	r := newRig(t, 3)
	l := r.locker(patient)
	r.warm(l)
	r.proxies[0].HoldAll()
	requirePrompt(t, func() {
		h, err := l.Acquire(background, "k")
		require.NoError(t, err)
		require.NoError(t, h.Release(background))
	})
	quick := r.locker(distlock.Config{MaxRetries: distlock.NoRetries})
	r.proxies[1].HoldAll()
	_, err := quick.Acquire(background, "k")
	require.ErrorIs(t, err, distlock.ErrUnavailable)
	for _, p := range r.proxies {
		p.Heal()
		p.Reset()
	}
	r.requireGone()
}

func TestAnUnansweredExtensionOrReleaseNamesEachNode(t *testing.T) {
	sizes(t, func(t *testing.T, r *rig) {
		h, err := r.locker(distlock.Config{TTL: time.Hour}).WaitForLock(background, "k", time.Minute)
		require.NoError(t, err)
		r.requireEverywhere(h)
		for _, s := range r.servers[:len(r.servers)/2+1] {
			s.Kill()
		}
		for _, err := range []error{h.Extend(background, 0), h.Release(background)} { // in this order
			require.ErrorIs(t, err, distlock.ErrUnavailable)
			require.NotErrorIs(t, err, context.DeadlineExceeded)
			for _, p := range r.proxies {
				require.ErrorContains(t, err, p.Addr())
			}
		}
	})
}

func TestNewRefusesWhatIsNoQuorum(t *testing.T) {
	client := redis.NewClient(&redis.Options{Addr: "127.0.0.1:1"})
	defer client.Close()
	other := redis.NewClient(&redis.Options{Addr: "127.0.0.1:2"})
	defer other.Close()
	ring := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": "127.0.0.1:3"}})
	defer ring.Close()
	guarded := distlock.Config{TTL: time.Second, RestartGuard: time.Second}
	for name, c := range map[string]struct {
		clients []redis.UniversalClient
		cfg     distlock.Config
		words   string
	}{
		"no client":      {nil, distlock.Config{}, "empty"},
		"a nil client":   {[]redis.UniversalClient{client, nil, other}, distlock.Config{}, "clients[1] is nil"},
		"a nil pointer":  {[]redis.UniversalClient{client, (*redis.Client)(nil)}, distlock.Config{}, "clients[1] is nil"},
		"a client twice": {[]redis.UniversalClient{client, other, client}, distlock.Config{}, "clients[0] and clients[2]"},
		"a bad config":   {[]redis.UniversalClient{client}, distlock.Config{TTL: -1}, "Config.TTL"},
		"a guarded ring": {[]redis.UniversalClient{ring}, guarded, "Config.RestartGuard"},
	} {
		_, err := redlock.New(c.clients, c.cfg)
		require.ErrorIs(t, err, distlock.ErrInvalidArgument, name)
		require.ErrorContains(t, err, c.words, name)
	}
}
