package node

import (
	"fmt"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/lilith/distlock"
)

// A guard tells whether a node may have forgotten leases: whether it has been the
// same process, the same run_id, for long enough.
//
// Two witnesses can say so. The node's own uptime, which is wall-clock time and
// runs up to a second ahead of the truth; it is believed of the first run_id that
// this process meets, of which nothing else is known. And this process's clock,
// which has watched a run_id since it was first seen; a run_id that changed is
// believed on that evidence alone, since a node's clock that jumped forward makes
// a fresh node look old. A clock that jumped back makes an old node look young:
// there too this process's own watch ends the abstention.
type guard struct {
	mu      sync.Mutex
	run     string    // the run_id seen last
	since   time.Time // when its first answer came: monotonic time, of which too little is the safe side
	first   bool      // no other was seen before it
	trusted bool      // it may vote
}

// CheckGuard returns an error where cfg asks for a restart guard that client, which
// the caller names what, cannot have: a key of a Cluster or a Ring moves from one
// process to another without a restart.
func CheckGuard(client redis.UniversalClient, what string, cfg distlock.Config) error {
	switch client.(type) {
	case *redis.ClusterClient, *redis.Ring:
		if cfg.RestartGuard > 0 {
			return fmt.Errorf("%w: Config.RestartGuard is %v, but %s is a %T: the guard watches one server process; leave it 0, or give plain clients",
				distlock.ErrInvalidArgument, cfg.RestartGuard, what, client)
		}
	}
	return nil
}

// addArgs returns args with the acquire script's two for the guard, in a copy.
func (g *guard) addArgs(args []any, length time.Duration) []any {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.run != "" && time.Since(g.since) >= length {
		g.trusted = true
	}
	known, uptime := "", ""
	if g.trusted {
		known = g.run
	} else if g.run == "" || g.first {
		uptime = strconv.FormatInt(uptimeFor(length), 10)
	}
	return append(args[:len(args):len(args)], known, uptime)
}

// uptimeFor is the uptime that a node must tell to have been up for length: a
// second more, as it may run a second ahead.
func uptimeFor(length time.Duration) int64 { return int64(math.Ceil(length.Seconds())) + 1 }

// judge takes in what an acquire script told of its node, and completes r.
func (g *guard) judge(r *Reply, value any, length time.Duration) {
	answer, ok := value.([]any)
	if !ok {
		return
	}
	var run string
	var uptime int64
	switch r.Outcome {
	case distlock.Granted:
		run, _ = at[string](answer, 2)
		uptime, _ = at[int64](answer, 3)
	case distlock.Abstained:
		run, _ = at[string](answer, 1)
		uptime, _ = at[int64](answer, 2)
	default:
		return // a refusal is a refusal, whoever gives it
	}
	granted := r.Outcome == distlock.Granted

	g.mu.Lock()
	defer g.mu.Unlock()
	switch run {
	case g.run:
		g.trusted = g.trusted || granted && g.first
	default:
		g.first = g.run == ""
		g.run, g.since, g.trusted = run, time.Now(), g.first && granted
	}
	if g.trusted {
		return
	}
	if granted {
		// Granted on the strength of its uptime while the watch knows better.
		r.Outcome, r.MaySet = distlock.Abstained, true
	}
	wait := length - time.Since(g.since)
	if g.first {
		wait = min(wait, time.Duration(uptimeFor(length)-uptime)*time.Second)
	}
	r.VotesIn = max(wait, 0)
	r.Err = fmt.Errorf("restart guard of %v: run_id %.8s is new, up for %ds by its own clock; votes again in %v",
		length, run, uptime, r.VotesIn.Round(time.Millisecond))
}
