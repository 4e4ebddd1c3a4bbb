package sim

import (
	"cmp"
	"container/heap"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/lilith/distlock/chaos/internal/twin"
)

// A network is the queue of everything that is going to happen between clients and
// nodes, and the only thing that makes it happen: one event at a time, each over,
// with all it set off, before the next.
type network struct {
	began time.Time // of the bubble's clock
	rand  *rand.Rand
	storm int

	events events
	count  uint64 // of events so far, for their order at one instant
	handed int    // requests that hand a lock on, carried out
	told   int    // messages that a lock is free, published to somebody

	// mu guards what clients' goroutines touch.
	mu        sync.Mutex
	inbox     []*request
	wake      chan struct{}
	suspended time.Duration // of the clients' machine, so far
}

// A request is one command on its way to a node and back.
type request struct {
	client *client
	node   *node
	args   []any
	answer chan answer

	subscription *subscription // it goes over, where it has one; nothing is answered then
}

type answer struct {
	value any
	err   error
}

func newNetwork(r *rand.Rand, storm int) *network {
	return &network{began: time.Now(), rand: r, storm: storm, wake: make(chan struct{}, 1)}
}

// now is the time of the history: the bubble's, and what the clients' machine slept.
func (n *network) now() time.Duration {
	n.mu.Lock()
	defer n.mu.Unlock()
	return time.Since(n.began) + n.suspended
}

// suspend has the clients' machine sleep: all other clocks move.
func (n *network) suspend(d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.suspended += d
}

// ask is a command's way through go-redis: it is called on the goroutine of the
// library that asks, and returns when the answer is there or the deadline over, as a
// socket's read would.
func (n *network) ask(ctx context.Context, c *client, to *node, cmd redis.Cmder) error {
	c.gateFor(to)
	if c.isDead() {
		return net.ErrClosed
	}
	if to.refuses() {
		time.Sleep(time.Duration(to.index+1) * 20 * time.Microsecond) // one after another
		return &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	r := &request{client: c, node: to, args: cmd.Args(), answer: make(chan answer, 1)}
	n.post(r)
	// As go-redis: a request on the socket heeds its deadline alone.
	var expired <-chan time.Time
	if deadline, ok := ctx.Deadline(); ok {
		// Not at the very instant, at which the library gives up too: which of the two
		// came first would be for Go to say.
		timer := time.NewTimer(time.Until(deadline) + time.Duration(to.index+1)*c.lateness)
		defer timer.Stop()
		expired = timer.C
	}
	select {
	case a := <-r.answer:
		c.gateFor(to)
		return twin.Answer(cmd, a.value, a.err)
	case <-expired:
	}
	c.gateFor(to)
	select { // it came while the client was paused
	case a := <-r.answer:
		return twin.Answer(cmd, a.value, a.err)
	default:
		return &net.OpError{Op: "read", Net: "tcp", Err: os.ErrDeadlineExceeded}
	}
}

func (n *network) post(r *request) {
	n.mu.Lock()
	n.inbox = append(n.inbox, r)
	n.mu.Unlock()
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

// at has f happen after a while.
func (n *network) at(in time.Duration, f func()) {
	n.count++
	heap.Push(&n.events, &event{time.Since(n.began) + in, n.count, f})
}

// run lets things happen until the virtual time is over.
func (n *network) run(until time.Duration) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		synctest.Wait()
		n.admit()
		now := time.Since(n.began)
		next := until
		if len(n.events) > 0 {
			next = min(next, n.events[0].at)
		}
		if next > now {
			timer.Reset(next - now)
			select {
			case <-timer.C:
			case <-n.wake:
			}
			continue
		}
		if len(n.events) == 0 || n.events[0].at > now {
			return
		}
		heap.Pop(&n.events).(*event).happens()
	}
}

// admit sends what clients have posted on its way, in an order that does not depend
// on which goroutine came first.
func (n *network) admit() {
	n.mu.Lock()
	inbox := n.inbox
	n.inbox = nil
	n.mu.Unlock()
	slices.SortStableFunc(inbox, func(a, b *request) int {
		return cmp.Or(cmp.Compare(a.client.name, b.client.name), cmp.Compare(a.node.index, b.node.index),
			slices.CompareFunc(a.args, b.args, compareArgs))
	})
	for _, r := range inbox {
		n.send(r)
	}
}

func compareArgs(a, b any) int {
	x, xIsString := a.(string)
	y, yIsString := b.(string)
	if xIsString && yIsString {
		return cmp.Compare(x, y)
	}
	return 0
}

// send draws the way of one request.
func (n *network) send(r *request) {
	if r.subscription != nil {
		n.sendOver(r)
		return
	}
	there := n.latency(r.client)
	n.at(there, func() { r.node.arrive(r) })
	if n.rand.IntN(1000) < n.storm/5 {
		// Its connection breaks. The request may come to the node all the same.
		n.at(n.latency(r.client), func() { r.end(answer{err: io.EOF}) })
	}
}

// latency is mostly a fraction of a millisecond, and in a storm sometimes more than
// anybody waits.
func (n *network) latency(c *client) time.Duration {
	if n.rand.IntN(1000) < n.storm {
		return between(n.rand, 0, 2*c.patience)
	}
	return between(n.rand, 20*time.Microsecond, 900*time.Microsecond)
}

// end gives the answer, unless there is one.
func (r *request) end(a answer) {
	select {
	case r.answer <- a:
	default:
	}
}

// An event is something that happens, at a time since the bubble began.
type event struct {
	at      time.Duration
	number  uint64
	happens func()
}

// events are a heap: what happens next is first.
type events []*event

func (e events) Len() int { return len(e) }
func (e events) Less(i, j int) bool {
	return e[i].at < e[j].at || e[i].at == e[j].at && e[i].number < e[j].number
}
func (e events) Swap(i, j int) { e[i], e[j] = e[j], e[i] }

// Push implements [heap.Interface].
func (e *events) Push(x any) { *e = append(*e, x.(*event)) }

// Pop implements [heap.Interface].
func (e *events) Pop() any {
	last := len(*e) - 1
	x := (*e)[last]
	*e = (*e)[:last]
	return x
}
