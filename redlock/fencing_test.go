package redlock_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/scripts"
)

// calls counts the scripts that a server has run.
func calls(r *rig, node int) (n int) {
	for line := range strings.Lines(fmt.Sprint(r.servers[node].Do("info", "commandstats"))) {
		for _, name := range []string{"evalsha", "eval"} {
			if rest, ok := strings.CutPrefix(line, "cmdstat_"+name+":calls="); ok {
				var c int
				_, err := fmt.Sscanf(rest, "%d,", &c)
				require.NoError(r.t, err)
				n += c
			}
		}
	}
	return n
}

func TestALockCostsEachNodeOneRequestToAcquireAndOneToRelease(t *testing.T) {
	sizes(t, func(t *testing.T, r *rig) {
		l := r.locker(patient) // a node that is slow to answer must not cost a second attempt
		r.warm(l)
		require.NoError(t, l.Close()) // what it asked has been answered by all
		l = r.locker(patient)
		before := make([]int, len(r.servers))
		for i := range before {
			before[i] = calls(r, i)
		}
		for lock := range 20 {
			h, err := l.Acquire(background, "k")
			require.NoError(t, err)
			require.NoError(t, h.Release(background))
			for i := range before { // the next must not meet what a slow node has still to do
				r.servers[i].Await(func() bool { return calls(r, i)-before[i] == 2*(lock+1) })
			}
		}
	})
}

func TestUnlikeCountersAreSettledByASecondRoundTrip(t *testing.T) {
	const high = int64(1) << 52 // beyond what any clock hints at
	for _, n := range []int{2, 3, 4, 5, 7} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			t.Parallel()
			r := newRig(t, n)
			l := r.locker(calm)
			r.warm(l)
			require.NoError(t, l.Close()) // what it asked has been answered by all
			l = r.locker(calm)
			for i, s := range r.servers {
				s.Do("set", "{k}:fence", fmt.Sprint(high+int64(i)), "px", 600000)
				s.Do("script", "load", scripts.Accept.Source)
			}
			before := 0
			for i := range r.servers {
				before += calls(r, i)
			}
			h, err := l.Acquire(background, "k")
			require.NoError(t, err)
			require.Greater(t, h.FencingToken(), high)
			agreed := 0
			for _, s := range r.servers {
				if s.Do("get", "{k}:fence") == fmt.Sprint(h.FencingToken()) {
					agreed++
				}
			}
			require.GreaterOrEqual(t, agreed, n/2+1, "a quorum has written the token back")
			spent := -before
			for i := range r.servers {
				spent += calls(r, i)
			}
			require.LessOrEqual(t, spent, 2*n, "two round trips at most")
			require.NoError(t, h.Release(background))
			next, err := r.lockerOver(r.ownClients(), calm).Acquire(background, "k")
			require.NoError(t, err)
			require.Greater(t, next.FencingToken(), h.FencingToken())
			require.NoError(t, next.Release(background))
			r.requireGone()
		})
	}
}

func TestACounterThatIsNoneIsRejectedAndNamed(t *testing.T) {
	for name, spoil := range map[string][]any{
		"garbage":     {"set", "{k}:fence", "garbage"},
		"a hash":      {"hset", "{k}:fence", "f", "v"},
		"beyond 2^53": {"set", "{k}:fence", "9007199254740993"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, 3)
			for _, s := range r.servers {
				s.Do(spoil...)
			}
			_, err := r.locker(calm).Acquire(background, "k")
			require.ErrorIs(t, err, distlock.ErrRejected)
			require.ErrorContains(t, err, "WRONGTYPE")
			r.requireGone()
		})
	}
}

func TestTheCounterOutlivesTheLock(t *testing.T) {
	sizes(t, func(t *testing.T, r *rig) {
		h, err := r.locker(calm).Acquire(background, "k", distlock.WithTTL(720*time.Hour))
		require.NoError(t, err)
		r.requireEverywhere(h)
		require.NoError(t, h.Extend(background, time.Minute))
		for _, s := range r.servers {
			require.Greater(t, s.Do("pttl", "{k}:fence"), s.Do("pttl", "k"))
		}
		require.NoError(t, h.Release(background))
	})
}
