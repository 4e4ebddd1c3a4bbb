package chaos

import "strconv"

// A planWorld has names, which is all that a plan needs of a world.
type planWorld struct {
	nodes   []Node
	clients []Client
}

// Nodes implements [World].
func (w planWorld) Nodes() []Node { return w.nodes }

// Clients implements [World].
func (w planWorld) Clients() []Client { return w.clients }

func newPlanWorld(nodes, clients int) planWorld {
	var w planWorld
	for i := range nodes {
		w.nodes = append(w.nodes, planNode{name: "node " + strconv.Itoa(i)})
	}
	for i := range clients {
		w.clients = append(w.clients, planClient{name: "client " + strconv.Itoa(i)})
	}
	return w
}

type planNode struct {
	Node
	name string
}

// Name implements [Node].
func (n planNode) Name() string { return n.name }

type planClient struct {
	Client
	name string
}

// Name implements [Client].
func (c planClient) Name() string { return c.name }
