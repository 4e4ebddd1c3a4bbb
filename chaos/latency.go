package chaos

import (
	"cmp"
	"slices"
	"time"
)

// Latencies returns how long operations took, by kind, without and with a fault that
// was on meanwhile: a node's, the network's, or one of the client itself. Operations
// that nobody saw the end of are left out, and signals, which take no time of their
// own. Percentiles are of the nearest rank.
func Latencies(h *History) []Latency {
	onNodes := newCover(h, func(in *Injection) bool { return in.Err == "" && in.Client == "" })
	onClient := make(map[string]*cover)
	type class struct {
		kind   OpKind
		faulty bool
	}
	took := make(map[class][]time.Duration)
	for i := range h.Ops {
		o := &h.Ops[i]
		if o.Outcome == Unknown || o.Kind == OpSignal {
			continue
		}
		own := onClient[o.Client]
		if own == nil {
			own = newCover(h, func(in *Injection) bool { return in.Err == "" && in.Client != "" && in.Client == o.Client })
			onClient[o.Client] = own
		}
		k := class{o.Kind, onNodes.touching(o.Start, o.End) != nil || own.touching(o.Start, o.End) != nil}
		took[k] = append(took[k], o.End-o.Start)
	}
	all := make([]Latency, 0, len(took))
	for k, d := range took {
		slices.Sort(d)
		rank := func(percent int) time.Duration { return d[(len(d)*percent+99)/100-1] }
		all = append(all, Latency{
			Kind: k.kind, Faulty: k.faulty, Count: len(d),
			P50: rank(50), P90: rank(90), P99: rank(99), Max: d[len(d)-1],
		})
	}
	slices.SortFunc(all, func(a, b Latency) int {
		if a.Kind == b.Kind && a.Faulty != b.Faulty {
			if a.Faulty {
				return 1
			}
			return -1
		}
		return cmp.Compare(a.Kind, b.Kind)
	})
	return all
}
