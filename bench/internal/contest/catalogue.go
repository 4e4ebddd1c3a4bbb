package contest

import (
	"fmt"
	"time"

	"github.com/lilith/distlock/bench/internal/peer"
	"github.com/lilith/distlock/bench/internal/server"
)

// Catalogue returns the workloads of the report, in its order.
func Catalogue() []*Workload {
	var all []*Workload
	for _, part := range [][]*Workload{
		uncontended(), oneCore(), network(), distinct(), contended(), waiters(), faults(), fsync(), memory(),
	} {
		all = append(all, part...)
	}
	return all
}

// latencyMetrics are those of oneByOne.
var latencyMetrics = []Metric{
	{Name: Pair, Ratio: true},
	{Name: AcquireP50, Ratio: true},
	{Name: AcquireP99},
	{Name: ReleaseP50, Ratio: true},
	{Name: ReleaseP99},
	{Name: Allocs, Unit: Count},
	{Name: Failures, Unit: Count},
}

// withoutAllocs is for where a proxy of this process allocates too.
func withoutAllocs(metrics []Metric) []Metric {
	var kept []Metric
	for _, m := range metrics {
		if m.Name != Allocs {
			kept = append(kept, m)
		}
	}
	return kept
}

// onOne and onMany are who takes part where nothing is contended.
func onOne() []peer.Contestant {
	return []peer.Contestant{
		peer.Distlock, peer.DistlockUnfenced, peer.Redislock, peer.Rueidislock, peer.Redsync,
		peer.ByHand, peer.ScriptsByHand, peer.UnfencedByHand, peer.AutoPipelined, peer.Raw, peer.RawScripts,
	}
}

func onMany() []peer.Contestant {
	return []peer.Contestant{
		peer.Distlock, peer.DistlockUnfenced, peer.Redsync, peer.RedsyncFailFast, peer.Rueidislock,
		peer.ByHand, peer.ScriptsByHand, peer.Dispatched, peer.AutoPipelined, peer.Raw, peer.RawScripts,
	}
}

func nodes(n int) string {
	if n == 1 {
		return "one node"
	}
	names := map[int]string{3: "three", 5: "five", 7: "seven"}
	return names[n] + " nodes"
}

// many writes a number of things.
func many(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

func uncontended() []*Workload {
	var all []*Workload
	for _, n := range []int{1, 3, 5, 7} {
		who := append(onMany(), peer.WaitAll)
		switch n {
		case 1:
			who = onOne()
		case 5:
			who = append(who, peer.DispatchedUnfenced) // a target's limit
		}
		all = append(all, &Workload{
			Name: fmt.Sprintf("uncontended-%d", n), Chapter: "Uncontended", Title: "Uncontended, " + nodes(n), Short: nodes(n),
			About: "One goroutine acquires and releases free locks, one after the other, over the loopback interface.",
			Nodes: n, Contestants: who, Reference: peer.ByHand.Name,
			Metrics: latencyMetrics, Measure: oneByOne,
			Turn:   counted(time.Duration(n) * 100 * time.Microsecond),
			Series: Point{Curve: "Cost by number of nodes", Axis: "nodes", X: float64(n)},
			Draw:   Drawings{Latency: n == 1 || n == 5},
		})
	}
	return all
}

func oneCore() []*Workload {
	var all []*Workload
	for _, n := range []int{1, 5} {
		who := onMany()
		if n == 1 {
			who = onOne()
		}
		all = append(all, &Workload{
			Name: fmt.Sprintf("core-%d", n), Chapter: "On one core", Title: "Uncontended, " + nodes(n) + ", one core", Short: nodes(n),
			About: "As before, but clients and servers share one core: no wake-up crosses cores, and the work itself is left.",
			Nodes: n, Contestants: who, Reference: peer.ByHand.Name, Pinned: true,
			Metrics: latencyMetrics, Measure: oneByOne,
			Turn: counted(time.Duration(n) * 50 * time.Microsecond),
		})
	}
	return all
}

// aRealNetwork is a millisecond away, and now and then a packet is lost.
var aRealNetwork = server.Network{Base: time.Millisecond, Tail: 20 * time.Millisecond, TailPart: 0.05}

func network() []*Workload {
	var all []*Workload
	for _, n := range []int{1, 3, 5, 7} {
		who := []peer.Contestant{
			peer.Distlock, peer.DistlockUnfenced, peer.Redsync, peer.RedsyncFailFast,
			peer.ByHand, peer.WaitAll, peer.RawScripts,
		}
		heavy := 3
		switch n {
		case 1:
			who = []peer.Contestant{
				peer.Distlock, peer.DistlockUnfenced, peer.Redislock, peer.Redsync, peer.ByHand, peer.RawScripts,
			}
		case 5:
			heavy = 2
		}
		all = append(all, &Workload{
			Name: fmt.Sprintf("network-%d", n), Chapter: "A network with a long tail",
			Title: "Uncontended, " + nodes(n) + ", each 1 ms away with a long tail", Short: nodes(n),
			About: "Each node is behind a proxy that holds every answer for 1 ms, and one in twenty for 20 ms more. " +
				"\"" + BestOfDraws + "\" is the hold that completes a majority, drawn from those that the proxies truly made: what no client can beat.",
			Nodes: n, Network: &aRealNetwork, Contestants: who, Reference: BestOfDraws,
			Metrics: []Metric{
				{Name: Pair, Ratio: true},
				{Name: AcquireP50, Ratio: true},
				{Name: AcquireP99, Ratio: true},
				{Name: ReleaseP50, Ratio: true},
				{Name: ReleaseP99, Ratio: true},
				{Name: Failures, Unit: Count},
			},
			Measure: oneByOne, Heavy: heavy, Turn: counted(3500 * time.Microsecond),
			Series: Point{Curve: "Cost by number of nodes on a network", Axis: "nodes", X: float64(n)},
			Draw:   Drawings{Latency: n == 5},
		})
	}
	return all
}

func distinct() []*Workload {
	var all []*Workload
	for _, n := range []int{1, 5} {
		who := []peer.Contestant{
			peer.Distlock, peer.DistlockUnfenced, peer.Redislock, peer.Rueidislock, peer.ByHand, peer.AutoPipelined, peer.AutoPipelinedScripts,
		}
		reference := peer.Redislock.Name
		if n > 1 {
			who = []peer.Contestant{
				peer.Distlock, peer.DistlockUnfenced, peer.Redsync, peer.RedsyncFailFast, peer.Rueidislock,
				peer.ByHand, peer.Dispatched, peer.WaitAll, peer.AutoPipelined, peer.AutoPipelinedScripts,
			}
			reference = peer.Redsync.Name
		}
		for _, g := range []int{1, 8, 64, 512} {
			all = append(all, &Workload{
				Name: fmt.Sprintf("distinct-%d-%d", n, g), Chapter: "Distinct keys, " + nodes(n),
				Title: "Distinct keys, " + nodes(n) + ", " + many(g, "goroutine"), Short: many(g, "goroutine"),
				About: "Goroutines that share one Locker acquire and release keys of their own, as fast as they can.",
				Nodes: n, Contestants: who, Reference: reference,
				Metrics: []Metric{
					{Name: Rate, Unit: PerSecond, Ratio: true, More: true},
					{Name: LockP50},
					{Name: LockP99},
					{Name: Failures, Unit: Count},
				},
				Measure: apart(g), Heavy: 2, Turn: timed,
				Series: Point{Curve: "Locks a second by goroutines, " + nodes(n), Axis: "goroutines", X: float64(g)},
			})
		}
	}
	return all
}
