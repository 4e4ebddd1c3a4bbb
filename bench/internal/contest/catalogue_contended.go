package contest

import (
	"fmt"
	"time"

	"github.com/lilith/distlock/bench/internal/peer"
)

var contentionMetrics = []Metric{
	{Name: SectionTime, Ratio: true},
	{Name: PerSection, Unit: Count},
	{Name: Fairness, Unit: Count, More: true},
	{Name: MeanWait},
	{Name: LongestWait},
	{Name: WaitSpread, Unit: Count},
}

const (
	hold  = time.Millisecond
	think = 4 * time.Millisecond
)

func contended() []*Workload {
	var all []*Workload
	for _, n := range []int{1, 5} {
		who := []peer.Contestant{
			peer.Queued, peer.Distlock, peer.Redislock, peer.RedislockExponential, peer.Redsync, peer.Rueidislock,
		}
		if n > 1 {
			who = []peer.Contestant{
				peer.Queued, peer.Distlock, peer.Redsync, peer.RedsyncEager, peer.RedsyncFailFast, peer.Rueidislock,
			}
		}
		for _, workers := range []int{8, 32} {
			for _, lockers := range []int{1, workers} {
				name, has := "one", "that share one Locker"
				if lockers > 1 {
					name, has = "each", "with a Locker each"
				}
				all = append(all, &Workload{
					Name:    fmt.Sprintf("contended-%d-%d-%s", n, workers, name),
					Chapter: "One key, " + nodes(n),
					Title:   fmt.Sprintf("One key, %s, %d workers %s", nodes(n), workers, has),
					Short:   fmt.Sprintf("%d workers %s", workers, has),
					About:   "Each worker acquires the key, holds it for 1 ms, releases it and thinks for 4 ms.",
					Nodes:   n, Lockers: lockers, Contestants: who, Reference: peer.Queued.Name,
					Metrics: contentionMetrics, Measure: oneKey(workers, hold, think),
					Heavy: 4, Turn: sections(4 * time.Millisecond),
					Draw: Drawings{Timeline: workers == 8, Latency: workers == 32},
				})
			}
		}
	}
	return all
}

func waiters() []*Workload {
	var all []*Workload
	for _, w := range []int{1, 4, 16, 64} {
		all = append(all, &Workload{
			Name: fmt.Sprintf("waiters-%d", w), Chapter: "More waiters",
			Title: "One key, one node, " + many(w, "worker") + " without thinking time", Short: many(w, "worker"),
			About: "What a section of 1 ms costs as more wait for it, all in one Locker.",
			Nodes: 1, Reference: peer.Queued.Name,
			Contestants: []peer.Contestant{peer.Queued, peer.Distlock, peer.Redislock, peer.Redsync, peer.Rueidislock},
			Metrics:     contentionMetrics, Measure: oneKey(w, hold, 0),
			Heavy: 3, Turn: sections(4 * time.Millisecond),
			Series: Point{Curve: "Time a section by waiters", Axis: "workers", X: float64(w)},
		})
	}
	return all
}

// memory has nobody to be told as a ratio to: bytes do not drift with the machine.
func memory() []*Workload {
	each := []Metric{{Name: BytesEach, Unit: Bytes}, {Name: GoroutinesEach, Unit: Count}}
	waiting := append(each[:2:2], Metric{Name: Traffic, Unit: PerSecond}, Metric{Name: TrafficOfFew, Unit: PerSecond})
	var all []*Workload
	for _, n := range []int{1, 5} {
		who := []peer.Contestant{peer.Distlock, peer.Redislock, peer.Redsync, peer.Rueidislock}
		if n > 1 {
			who = []peer.Contestant{peer.Distlock, peer.Redsync, peer.Rueidislock}
		}
		all = append(all,
			&Workload{
				Name: fmt.Sprintf("held-%d", n), Chapter: "Memory", Title: "Memory of each held lock, " + nodes(n), Short: "each held lock, " + nodes(n),
				About: "One Locker holds many locks at once: what each occupies, stacks included.",
				Nodes: n, TTL: 2 * time.Minute, Contestants: who, Metrics: each, Measure: heldMemory,
				Heavy: 5, Turn: crowded(time.Duration(n)*80*time.Microsecond, 0),
			},
			&Workload{
				Name: fmt.Sprintf("waiting-%d", n), Chapter: "Memory", Title: "Memory of each waiting lock, " + nodes(n), Short: "each waiting lock, " + nodes(n),
				About: "Many goroutines wait for one key in one Locker: what each occupies beyond a goroutine that waits for a channel, and what they send.",
				Nodes: n, TTL: 2 * time.Minute, Contestants: who, Metrics: waiting, Measure: waitingMemory,
				Heavy: 5, Turn: crowded(time.Duration(n)*80*time.Microsecond, 8),
			})
	}
	return all
}
