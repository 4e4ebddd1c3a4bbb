package chaos_test

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/lilith/distlock/chaos"
)

// A recordingWorld writes down what is done to it.
type recordingWorld struct {
	nodes   []*recordingNode
	clients []*recordingClient

	mu   sync.Mutex
	done []string
	fail map[string]error // by what is done, as it is written down
}

func newRecordingWorld(nodes, clients int) *recordingWorld {
	w := &recordingWorld{fail: make(map[string]error)}
	for i := range nodes {
		w.nodes = append(w.nodes, &recordingNode{w: w, name: fmt.Sprintf("n%d", i)})
	}
	for i := range clients {
		w.clients = append(w.clients, &recordingClient{w: w, name: fmt.Sprintf("c%d", i)})
	}
	return w
}

func (w *recordingWorld) Nodes() []chaos.Node {
	all := make([]chaos.Node, len(w.nodes))
	for i, n := range w.nodes {
		all[i] = n
	}
	return all
}

func (w *recordingWorld) Clients() []chaos.Client {
	all := make([]chaos.Client, len(w.clients))
	for i, c := range w.clients {
		all[i] = c
	}
	return all
}

func (w *recordingWorld) note(format string, args ...any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	what := fmt.Sprintf(format, args...)
	w.done = append(w.done, what)
	return w.fail[what]
}

func (w *recordingWorld) log() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]string(nil), w.done...)
}

// fails has what is done so fail from now on, or succeed again where err is nil.
func (w *recordingWorld) fails(what string, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fail[what] = err
}

type recordingNode struct {
	w    *recordingWorld
	name string
}

func (n *recordingNode) Name() string                { return n.name }
func (n *recordingNode) Crash(context.Context) error { return n.w.note("%s crash", n.name) }
func (n *recordingNode) Start(_ context.Context, m chaos.Memory) error {
	return n.w.note("%s start %v", n.name, m)
}
func (n *recordingNode) Remember(context.Context) error { return n.w.note("%s remember", n.name) }
func (n *recordingNode) Freeze(context.Context) error   { return n.w.note("%s freeze", n.name) }
func (n *recordingNode) Thaw(context.Context) error     { return n.w.note("%s thaw", n.name) }
func (n *recordingNode) Trouble(_ context.Context, t chaos.Trouble) error {
	return n.w.note("%s trouble %+v", n.name, t)
}

func (n *recordingNode) JumpClock(_ context.Context, by time.Duration) error {
	return n.w.note("%s jump %v", n.name, by)
}

func (n *recordingNode) RateClock(_ context.Context, rate float64) error {
	return n.w.note("%s rate %v", n.name, rate)
}

func (n *recordingNode) Suffer(_ context.Context, c chaos.Condition) error {
	return n.w.note("%s suffer %v", n.name, c)
}

func (n *recordingNode) Do(_ context.Context, args ...any) (any, error) {
	return nil, n.w.note("%s do %v", n.name, args)
}

type recordingClient struct {
	w    *recordingWorld
	name string
}

func (c *recordingClient) Name() string                 { return c.name }
func (c *recordingClient) Pause(context.Context) error  { return c.w.note("%s pause", c.name) }
func (c *recordingClient) Resume(context.Context) error { return c.w.note("%s resume", c.name) }
func (c *recordingClient) Crash(context.Context) error  { return c.w.note("%s crash", c.name) }
func (c *recordingClient) Start(context.Context) error  { return c.w.note("%s start", c.name) }
