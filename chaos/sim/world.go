package sim

import (
	"context"

	"github.com/lilith/distlock/chaos"
)

// Nodes implements [chaos.World].
func (r *run) Nodes() []chaos.Node {
	nodes := make([]chaos.Node, len(r.nodes))
	for i, d := range r.nodes {
		nodes[i] = d
	}
	return nodes
}

// Clients implements [chaos.World].
func (r *run) Clients() []chaos.Client {
	clients := make([]chaos.Client, len(r.clients))
	for i := range r.clients {
		clients[i] = place{r, i}
	}
	return clients
}

// A place is where a client is, and after its end another.
type place struct {
	run   *run
	index int
}

func (p place) client() *client { return p.run.clients[p.index] }

// Name implements [chaos.Client].
func (p place) Name() string { return p.client().name }

// Pause implements [chaos.Client].
func (p place) Pause(context.Context) error {
	p.client().pause()
	return nil
}

// Resume implements [chaos.Client].
func (p place) Resume(context.Context) error {
	p.client().resume()
	return nil
}

// Crash implements [chaos.Client].
func (p place) Crash(context.Context) error {
	p.client().kill()
	return nil
}

// Start implements [chaos.Client].
func (p place) Start(context.Context) error {
	successor := 1
	for _, c := range p.run.past {
		if c.index == p.index {
			successor++
		}
	}
	return p.run.spawn(p.index, successor)
}
