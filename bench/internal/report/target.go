package report

import (
	"fmt"
	"math"

	"github.com/lilith/distlock/bench/internal/contest"
	"github.com/lilith/distlock/bench/internal/peer"
	"github.com/lilith/distlock/bench/internal/stats"
)

// A Target is what a figure of the library is to be.
type Target struct {
	Workload string // its name
	What     string
	Bound    float64
	AtLeast  bool // the figure is to be at least the bound; else at most
	Format   func(float64) string
	Of       func(*contest.Result) stats.Summary

	// Of a ratio: who stands where the library's name is in it, and the contestant that
	// is the least known to be had by what the library is made of. "" where there is none.
	who, to, metric, limit string
}

// within names the limit of a target that is a ratio.
func (t Target) within(limit string) Target {
	t.limit = limit
	return t
}

// Reached reports whether the median of the rounds is within the bound.
func (t Target) Reached(s stats.Summary) bool {
	if t.AtLeast {
		return s.Median >= t.Bound
	}
	return s.Median <= t.Bound
}

// Targets returns what the library is meant to reach, in the order of the report.
func Targets() []Target {
	var all []Target
	for _, part := range [][]Target{
		oneNode("uncontended-1"), oneNode("core-1"), fiveNodes(), network(), throughput(), contention(), faults(), crowd(),
	} {
		all = append(all, part...)
	}
	return all
}

// ratio is a target of the library, as a ratio to another in the same rounds.
func ratio(workload, metric, who, to string, bound float64, atLeast bool) Target {
	return Target{
		Workload: workload, What: metric + ": " + who + " ÷ " + to,
		Bound: bound, AtLeast: atLeast, Format: contest.FormatRatio,
		Of:  func(r *contest.Result) stats.Summary { return r.Ratio(who, to, metric) },
		who: who, to: to, metric: metric,
	}
}

// value is a target for the figure itself.
func value(workload, metric string, unit contest.Unit, bound float64, atLeast bool) Target {
	return Target{
		Workload: workload, What: metric, Bound: bound, AtLeast: atLeast, Format: unit.Format,
		Of: func(r *contest.Result) stats.Summary { return r.Value(peer.Distlock.Name, metric) },
	}
}

// beyond is a target for how far one metric is beyond a multiple of another, round by
// round.
func beyond(workload, what, metric, of string, times float64, unit contest.Unit, bound float64) Target {
	return Target{
		Workload: workload, What: what, Bound: bound, Format: unit.Format,
		Of: func(r *contest.Result) stats.Summary {
			e := r.Entry(peer.Distlock.Name)
			if e == nil {
				return stats.Summarize(nil)
			}
			var rounds []float64
			for i := range min(len(e.Values[metric]), len(e.Values[of])) {
				rounds = append(rounds, e.Values[metric][i]-times*e.Values[of][i])
			}
			return stats.Summarize(rounds)
		},
	}
}

var library, unfenced = peer.Distlock.Name, peer.DistlockUnfenced.Name

// A grant that a late copy of a request cannot set again takes a script, for which
// Redis needs some microseconds more than for redislock's SET NX. What the same scripts
// take when called by hand is the limit.
func oneNode(workload string) []Target {
	return []Target{
		ratio(workload, contest.Pair, library, peer.ScriptsByHand.Name, 1.05, false),
		ratio(workload, contest.Pair, unfenced, peer.Redislock.Name, 1, false).within(peer.UnfencedByHand.Name),
		ratio(workload, contest.Pair, unfenced, peer.UnfencedByHand.Name, 1.05, false),
		value(workload, contest.Allocs, contest.Count, 24, false),
	}
}

// The dispatcher is the least that is known over go-redis.
func fiveNodes() []Target {
	const w = "uncontended-5"
	return []Target{
		ratio(w, contest.Pair, library, peer.Redsync.Name, 0.65, false).within(peer.Dispatched.Name),
		ratio(w, contest.Pair, unfenced, peer.Redsync.Name, 0.58, false).within(peer.DispatchedUnfenced.Name),
		ratio(w, contest.Pair, library, peer.RawScripts.Name, 1.3, false).within(peer.Dispatched.Name),
		ratio(w, contest.Pair, library, peer.Dispatched.Name, 1.1, false),
	}
}

// The proxies hold answers; the rest of the way is in nobody's draws. What one
// goroutine on raw sockets makes of the same network tells how much that is.
func network() []Target {
	const w = "network-5"
	var all []Target
	for _, to := range []string{contest.BestOfDraws, peer.RawScripts.Name} {
		for _, metric := range []string{contest.AcquireP50, contest.AcquireP99, contest.ReleaseP50, contest.ReleaseP99} {
			t := ratio(w, metric, library, to, 1.1, false)
			if to == contest.BestOfDraws {
				t = t.within(peer.RawScripts.Name)
			}
			all = append(all, t)
		}
	}
	return all
}

func throughput() []Target {
	return []Target{
		ratio("distinct-5-64", contest.Rate, library, peer.Redsync.Name, 3, true),
		ratio("distinct-5-64", contest.Rate, library, peer.AutoPipelinedScripts.Name, 1, true),
		ratio("distinct-1-64", contest.Rate, library, peer.Redislock.Name, 1.3, true),
		ratio("distinct-1-64", contest.Rate, library, peer.Rueidislock.Name, 1, true),
		ratio("distinct-1-64", contest.Rate, unfenced, peer.Rueidislock.Name, 1, true), // which has no fencing
	}
}

func contention() []Target {
	const one, each = "contended-5-32-one", "contended-5-32-each"
	return []Target{
		ratio(one, contest.SectionTime, library, peer.Queued.Name, 1.15, false),
		value(one, contest.PerSection, contest.Count, 12, false),
		value(one, contest.Fairness, contest.Count, 0.95, true),
		value(one, contest.WaitSpread, contest.Count, 3, false),
		ratio(each, contest.SectionTime, library, peer.Queued.Name, 2, false),
		value(each, contest.Fairness, contest.Count, 0.85, true),
	}
}

func faults() []Target {
	var all []Target
	for _, fault := range []string{"slow", "hung", "dead"} {
		for _, metric := range []string{contest.AcquireP99, contest.ReleaseP99} {
			all = append(all, beyond(fault+"-1", metric+", "+fault+", beyond 1.1 × healthy",
				fault+": "+metric, "healthy: "+metric, 1.1, contest.Seconds, 0.001))
		}
	}
	return all
}

// moreTraffic is how many more requests to each node a crowd may make: its looks at the
// lock are bounded, some twenty a second, to which few come close. Waiters that poll, each
// for itself, add thousands.
const moreTraffic = 20

func crowd() []Target {
	var all []Target
	for _, nodes := range []int{1, 5} {
		w := fmt.Sprintf("waiting-%d", nodes)
		all = append(all,
			value(w, contest.BytesEach, contest.Bytes, 2048, false),
			value(w, contest.GoroutinesEach, contest.Count, 1, false),
			beyond(w, contest.Traffic+", beyond those with one in a hundred", contest.Traffic, contest.TrafficOfFew,
				1, contest.PerSecond, moreTraffic*float64(nodes)))
	}
	return all
}

// besideLimit tells what the figure is for the target's limit, and the library's as a
// ratio to that.
func (t Target) besideLimit(r *contest.Result) string {
	if t.limit == "" {
		return ""
	}
	limit, times := r.Ratio(t.limit, t.to, t.metric), r.Ratio(t.who, t.limit, t.metric)
	if !limit.Known() || !times.Known() {
		return ""
	}
	return fmt.Sprintf("; *%s*: %s, the library %s × that", clean(t.limit), t.Format(limit.Median), contest.FormatRatio(times.Median))
}

// verdict tells how a target was met by the results, and where it was not what the limit
// was in the same rounds.
func (t Target) verdict(results []*contest.Result) (stats.Summary, string) {
	for _, r := range results {
		if r.Workload.Name != t.Workload {
			continue
		}
		s := t.Of(r)
		if !s.Known() || math.IsInf(s.Median, 0) {
			return s, "not measured"
		}
		if t.Reached(s) {
			return s, "reached"
		}
		return s, "**not reached**" + t.besideLimit(r)
	}
	return stats.Summarize(nil), "not measured"
}
