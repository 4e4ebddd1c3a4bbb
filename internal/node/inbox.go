package node

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/redis/go-redis/v9"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/clock"
	"github.com/lilith/distlock/internal/scripts"
)

// Inboxes are a node's subscriptions: one for all keys; on a Cluster, whose shards
// publish each its own, one for each key. They are opened while somebody waits.
type inboxes struct {
	n      *Node
	id     string
	ctx    context.Context // ended by close
	cancel context.CancelFunc
	work   sync.WaitGroup // goroutines, and requests of theirs
	open   atomic.Int32   // boxes: where nobody waits, a release locks nothing

	mu    sync.Mutex
	boxes map[string]*inbox // by key on a Cluster, else by ""
}

// An inbox is one subscription.
type inbox struct {
	of             *inboxes
	channel, entry string
	sharded        bool

	// of.mu guards what follows.
	waits map[string]*Wait // by the lock's key
	live  bool             // subscribed: who is put in the queue now is told
	runs  bool             // its goroutine does
}

// A Wait is somebody's, for one key, until it is stopped.
type Wait struct {
	box     *inbox
	key     string
	came    clock.Instant
	kept    time.Duration // how long the node keeps the queue
	timeout time.Duration
	wake    func(token string)
}

const (
	inboxTick    = time.Second            // how often a quiet subscription is looked after
	inboxPing    = 3                      // ticks of silence before the node is asked for a sign of life
	inboxConnect = time.Second            // for making the connection
	inboxRetry   = 100 * time.Millisecond // wait after the first failure; it doubles
	inboxMost    = 2 * time.Second        // and stays here
)

func (in *inboxes) init(n *Node) {
	in.n, in.id = n, uuid.NewString()
	in.ctx, in.cancel = context.WithCancel(context.Background())
}

// Await has wake called when req.Key is released here, with the token that it was
// released by, and with "" when something may have been missed; from other goroutines,
// until the Wait is stopped. It makes no request: Place does. It returns nil for a client
// whose notifications cannot be had.
func (n *Node) Await(req *distlock.Request, wake func(token string)) *Wait {
	in := &n.inboxes
	name := ""
	switch n.line.client.(type) {
	case *redis.Client:
	case *redis.ClusterClient:
		name = req.Key
	default:
		return nil
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.ctx.Err() != nil {
		return nil
	}
	b := in.boxes[name]
	if b == nil {
		if in.boxes == nil {
			in.boxes = make(map[string]*inbox)
		}
		b = in.newInbox(name)
		in.boxes[name] = b
		in.open.Add(1)
	}
	w := &Wait{box: b, key: req.Key, came: clock.Now().Add(-req.Waited), kept: req.TTL, timeout: req.NodeTimeout, wake: wake}
	b.waits[req.Key] = w
	if !b.runs {
		b.runs = true
		in.work.Go(func() { b.run(name, w.timeout) }) // close waits for it
	}
	return w
}

func (in *inboxes) newInbox(name string) *inbox {
	b := &inbox{of: in, waits: make(map[string]*Wait)}
	if name == "" {
		b.channel = "distlock:wake:" + in.id
		b.entry = "p" + b.channel
	} else {
		b.sharded, b.channel = true, scripts.WakeChannel(name, in.id)
		b.entry = "s" + b.channel
	}
	return b
}

// entryFor returns what stands for this Locker in the queue of key, "" where it has no
// place there.
func (in *inboxes) entryFor(key string) string {
	if in.open.Load() == 0 {
		return ""
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, name := range [...]string{"", key} {
		if b := in.boxes[name]; b != nil {
			return b.entry
		}
	}
	return ""
}

// Stop ends the Wait. What is told of its key from now on is passed on to the next.
func (w *Wait) Stop() {
	if w == nil {
		return
	}
	in := w.box.of
	in.mu.Lock()
	defer in.mu.Unlock()
	if w.box.waits[w.key] == w {
		delete(w.box.waits, w.key)
	}
}

// Ready reports whether there is anything for Place to do.
func (w *Wait) Ready() bool {
	if w == nil {
		return false
	}
	w.box.of.mu.Lock()
	defer w.box.of.mu.Unlock()
	return w.box.live
}

// Place puts the Wait into the node's queue, and wakes it at once if the lock is free. It
// does nothing before the subscription stands, which places all that are there.
func (w *Wait) Place(ctx context.Context) {
	in := w.box.of
	in.mu.Lock()
	useful := w.box.live && w.box.waits[w.key] == w
	in.mu.Unlock()
	if !useful {
		return
	}
	r := in.n.Ask(ctx, newQueueCall(w.key, w.box.entry, clock.Since(w.came), w.kept, w.timeout))
	if r.Outcome == distlock.Granted {
		w.wake("")
	}
}

// Later has w placed without waiting for it.
func (n *Node) Later(w *Wait) {
	in := &n.inboxes
	in.mu.Lock()
	defer in.mu.Unlock()
	if !w.box.live || in.ctx.Err() != nil {
		return // it will be placed with the others, or never
	}
	in.work.Go(func() { w.placeWithin(in.ctx) }) // close waits for it
}

// placeWithin is Place, bounded by the wait's timeout.
func (w *Wait) placeWithin(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, w.timeout)
	defer cancel()
	w.Place(ctx)
}

// close ends all subscriptions, and waits for that as long as it may take.
func (in *inboxes) close() {
	in.mu.Lock()
	in.cancel()
	in.mu.Unlock()
	in.work.Wait()
}
