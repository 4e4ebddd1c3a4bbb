package contest

import (
	"fmt"
	"time"

	"github.com/lilith/distlock/bench/internal/peer"
	"github.com/lilith/distlock/bench/internal/server"
)

func faults() []*Workload {
	var all []*Workload
	add := func(n int, name, what string, phases []Phase, network *server.Network, turn time.Duration) {
		metrics := latencyMetrics
		if network != nil {
			metrics = withoutAllocs(metrics)
		}
		all = append(all, &Workload{
			Name: fmt.Sprintf("%s-%d", name, n), Chapter: "Nodes that are not well",
			Title: fmt.Sprintf("Five nodes, %d of them %s", n, what), Short: fmt.Sprintf("%d of five %s", n, what),
			About: "One goroutine acquires and releases free locks: first with all nodes well, then with the fault. " +
				"Ratios are to the same contestant while all were well.",
			Nodes: 5, Network: network, Phases: phases,
			Contestants: []peer.Contestant{
				peer.Distlock, peer.Redsync, peer.RedsyncFailFast, peer.ByHand,
			},
			Metrics: metrics, Measure: oneByOne, Heavy: 3,
			Turn: func(Budget) time.Duration { return turn },
		})
	}
	for _, n := range []int{1, 2} {
		add(n, "slow", "slow by 50 ms", slow(n, 50*time.Millisecond), &server.Network{}, 600*time.Millisecond)
		add(n, "hung", "hung (SIGSTOP)", hung(n), nil, 1500*time.Millisecond)
		add(n, "dead", "dead (SIGKILL)", dead(n), nil, 600*time.Millisecond)
	}
	return all
}

func fsync() []*Workload {
	var all []*Workload
	for _, n := range []int{1, 5} {
		who := []peer.Contestant{peer.Distlock, peer.DistlockUnfenced, peer.Redislock, peer.Rueidislock, peer.ByHand}
		if n > 1 {
			who = []peer.Contestant{peer.Distlock, peer.DistlockUnfenced, peer.Redsync, peer.RedsyncFailFast, peer.ByHand}
		}
		all = append(all, &Workload{
			Name: fmt.Sprintf("fsync-%d", n), Chapter: "Each write on disk before its answer",
			Title: fmt.Sprintf("Uncontended, %s, each write on disk before its answer", nodes(n)), Short: nodes(n),
			About: "The servers have appendonly yes and appendfsync always, as who must not forget a lease has.",
			Nodes: n, Servers: server.Options{FsyncAlways: true},
			Contestants: who, Reference: peer.ByHand.Name, Metrics: latencyMetrics, Measure: oneByOne,
			Heavy: 2, Turn: counted(2 * time.Millisecond),
		})
	}
	return all
}
