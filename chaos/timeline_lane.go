package chaos

import "slices"

// lanes are the names of what has a lane, in the order in which they are drawn.
type lanes struct{ keys, clients, nodes []string }

// lanesOf returns the lanes of r: what the report names, then what only its history
// knows. Keys are in the order of what there is to see.
func lanesOf(r *Report) lanes {
	h := r.history()
	clients, nodes, keys := indexed(r.Clients), indexed(r.Nodes), indexed(nil)
	weight := make(map[string]int)
	for i := range h.Ops {
		clients.add(h.Ops[i].Client)
		keys.add(h.Ops[i].Key)
		weight[h.Ops[i].Key]++
	}
	for i := range h.Injections {
		in := &h.Injections[i]
		for _, n := range append([]string{in.Node}, in.Nodes...) {
			if n != "" {
				nodes.add(n)
			}
		}
		if in.Client != "" {
			clients.add(in.Client)
		}
	}
	for _, v := range r.Verdict.Violations {
		weight[v.Key] += len(h.Ops)
	}
	slices.SortStableFunc(keys.list, func(a, b string) int { return weight[b] - weight[a] })
	return lanes{keys: keys.list, clients: clients.list, nodes: nodes.list}
}
