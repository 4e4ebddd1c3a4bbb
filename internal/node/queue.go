package node

import (
	"fmt"
	"math"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// apart is the least time between two departures to a node, its headway: a request
	// that comes sooner after one that is still under way waits for it to come back, or
	// for the headway to be over, and leaves together with all that have come
	// meanwhile. Where nothing is under way a request leaves at once.
	apart = 250 * time.Microsecond

	// nearby is the headway where the last answer came within that of being asked for and
	// nothing was under way beside it: what is under way will most likely be back first.
	// On the loopback interface a lone lock over five nodes takes 1 to 4 % less, and eight
	// goroutines make a tenth to a quarter more; at half a millisecond two lose a twentieth.
	nearby = time.Millisecond

	// maxDirect is how many may be under way before a request that somebody waits for has
	// to queue: on its own goroutine it leaves at once and by itself. With fewer, few
	// goroutines on one node hand on to each other what each could do alone; with more,
	// many share fewer pipelines. Measured with 1 to 64 goroutines on two cores.
	maxDirect = 4

	// maxFlights bounds the departures that are under way to a node. A hung node has
	// that many connections and goroutines waiting for it, and no more. It is less where
	// the client has fewer connections.
	maxFlights = 8

	// maxWaiting bounds the requests that wait to leave; beyond, one fails at once.
	maxWaiting = 4096

	// maxTogether bounds how many leave together: the first waits for the last.
	maxTogether = 128

	// lookEvery is how often the queue is looked through where nothing may leave. It is
	// as long too behind a single departure to a node nearby: a timer that then rings in
	// vain is a twentieth of a lock over five nodes.
	lookEvery = 5 * time.Millisecond
)

// A queue has concurrent requests to one node share pipelines. A request that meets
// no other leaves at once and alone.
//
// Who waits for its answer leaves on its own goroutine if it can (ask). All else is
// taken by workers, goroutines that stay for a while: a fresh one grows its stack
// under go-redis each time, a third of the processor time of a lock over five nodes.
// They end by themselves when idle, so that a Locker that nobody closes leaves none
// behind; close ends the idle ones at once.
//
// The rejected alternatives: go-redis's AutoPipeline, which is slower where nothing
// is shared and does not tell whether a command was sent; and one worker a node,
// whom a single connection that hangs would stop.
type queue struct {
	n     *Node
	alone bool // each request leaves at once and by itself

	direct int // see maxDirect
	most   int // see maxFlights

	// main is how many may be under way, the departing one included, for one to leave
	// alone. go-redis has a pool for pipelines (Options.PipelinePoolSize) beside the main
	// one; beyond what that may hold a lone request would stand in line, or be failed
	// (Options.MaxActiveConns), and so takes a pipeline.
	main int

	// mu is never held across a request or an Asker.
	mu         sync.Mutex
	head, tail *Request // that wait to leave
	waiting    int
	flights    int       // under way
	left       time.Time // the last departure
	near       bool      // the last to come back was answered within nearby, and had been alone
	idle       []*worker // the last to have become so at the end
	reaper     *time.Timer
	reaping    bool
	closed     bool // no worker stays
	watch      *time.Timer
	watching   bool
	rings      time.Time     // the watch does, while watching
	settled    chan struct{} // made by wait, closed when nothing is under way
}

func (q *queue) init(n *Node) {
	q.n = n
	client, isClient := n.line.client.(*redis.Client)
	q.alone = !isClient
	q.most, q.main = maxFlights, math.MaxInt
	if isClient {
		o := client.Options()
		q.main = o.PoolSize
		if o.MaxActiveConns > 0 {
			q.main = min(q.main, o.MaxActiveConns)
		}
		q.direct = min(maxDirect, q.main)
		q.most = min(q.most, q.main+forPipelines(o))
	}
}

// ask makes the request and returns when its reply is there.
func (q *queue) ask(a *awaited) {
	r := &a.Request
	left := whatIsLeftAt(r.ctx, r.began, r.Call.timeout)
	if q.alone {
		q.n.fly(r, left)
		q.n.tell(r)
		return
	}
	q.mu.Lock()
	if q.head == nil && (q.flights < q.direct || q.flights < q.main && q.mayLeave(r.began)) {
		q.flights++
		q.left = r.began
		q.mu.Unlock()
		near := false
		defer func() { q.landed(near) }()
		q.n.fly(r, left)
		near = q.n.tell(r)
		return
	}
	a.done = make(chan struct{})
	w, err := q.push(r)
	q.mu.Unlock()
	if err != nil {
		q.n.giveUp(r, err)
		return
	}
	w.start()
	select {
	case <-a.done:
	case <-a.ended():
		if q.withdraw(r) {
			q.n.giveUp(r, r.ctx.Err())
			return
		}
		<-a.done // it was sent, which is bounded
	}
}

// landed ends a departure that had no worker, or has none any more. Those who wait get
// one.
func (q *queue) landed(near bool) {
	q.mu.Lock()
	q.cameBack(near)
	var w *worker
	if q.head != nil {
		q.left = time.Now()
		w = q.worker()
	} else {
		q.land()
	}
	q.mu.Unlock()
	w.start()
}

// cameBack takes note of a departure that is back. Beside another that is still out the
// node is not near: it may hang, and is not waited for longer than need be.
func (q *queue) cameBack(near bool) { q.near = near && q.flights == 1 }

func (q *queue) land() {
	q.flights--
	if q.flights == 0 && q.head == nil && q.settled != nil {
		close(q.settled)
		q.settled = nil
	}
}

// post has a worker make the request and tell its Asker.
func (q *queue) post(r *Request) {
	q.mu.Lock()
	w, err := q.push(r)
	q.mu.Unlock()
	if err != nil {
		q.n.giveUp(r, err)
		return
	}
	w.start()
}

// push puts the request in the queue and returns the worker to start, nil where it
// has to wait.
func (q *queue) push(r *Request) (*worker, error) {
	if q.waiting == maxWaiting {
		return nil, fmt.Errorf("not sent: %d requests wait for this node", maxWaiting)
	}
	if q.head == nil {
		q.head = r
	} else {
		q.tail.next = r
	}
	q.tail, r.queued = r, true
	q.waiting++
	return q.depart(r.began), nil
}

func (q *queue) mayLeave(now time.Time) bool {
	return q.flights == 0 || q.alone || q.flights < q.most && now.Sub(q.left) >= q.headway()
}

// headway is what has to lie between two departures now.
func (q *queue) headway() time.Duration {
	if q.near {
		return nearby
	}
	return apart
}

// depart returns a worker for those who wait, if they may leave now; else it sees to
// it that they are not forgotten.
func (q *queue) depart(now time.Time) *worker {
	if q.mayLeave(now) {
		q.flights++
		q.left = now
		return q.worker()
	}
	q.keepWatch(now)
	return nil
}

// filter removes the requests that keep refuses.
func (q *queue) filter(keep func(*Request) bool) {
	r := q.head
	q.head, q.tail = nil, nil
	for r != nil {
		next := r.next
		r.next = nil
		switch {
		case !keep(r):
			r.queued = false
			q.waiting--
		case q.head == nil:
			q.head, q.tail = r, r
		default:
			q.tail.next, q.tail = r, r
		}
		r = next
	}
}

// withdraw takes a request out of the queue; false where it has left.
func (q *queue) withdraw(r *Request) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !r.queued {
		return false
	}
	q.filter(func(other *Request) bool { return other != r })
	return true
}
