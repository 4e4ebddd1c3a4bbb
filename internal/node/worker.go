package node

import (
	"errors"
	"runtime"
	"time"
)

// workerIdle is how long a worker stays for the next request.
const workerIdle = 250 * time.Millisecond

// A worker is a goroutine that takes requests to the node.
type worker struct {
	q     *queue
	wake  chan bool // false ends it
	fresh bool      // it has no goroutine yet
	since time.Time // idle
	near  bool      // the last that it took was answered within nearby
	batch []*Request
	left  time.Duration // of each one's timeout
	piped bool          // it takes a pipeline, be it for one request
}

// worker returns an idle worker, or a new one. It holds a place among the flights.
func (q *queue) worker() *worker {
	last := len(q.idle) - 1
	if last < 0 {
		return &worker{q: q, wake: make(chan bool, 1), fresh: true}
	}
	w := q.idle[last]
	q.idle[last] = nil
	q.idle = q.idle[:last]
	return w
}

// start has the worker, if there is one, begin.
func (w *worker) start() {
	switch {
	case w == nil:
	case w.fresh:
		w.fresh = false
		go w.run() // ends when idle; wait waits for its requests
	default:
		w.wake <- true
	}
}

func (w *worker) run() {
	defer w.abort()
	for goOn := true; goOn; goOn = <-w.wake {
		for first := true; w.board(first); first = false {
			many := len(w.batch) > 1
			if many || w.piped {
				w.q.n.flyTogether(w.batch)
			} else {
				w.q.n.fly(w.batch[0], w.left)
			}
			for i, r := range w.batch {
				w.batch[i] = nil
				if near := w.q.n.tell(r); i == 0 {
					w.near = near
				}
			}
			w.batch = w.batch[:0]
			if many {
				// Those who were told may have more to ask: all of it leaves together.
				runtime.Gosched()
			}
		}
	}
}

// abort is for a hook of the client's that ends the goroutine.
func (w *worker) abort() {
	if len(w.batch) == 0 {
		return
	}
	for _, r := range w.batch {
		if r != nil {
			r.trip, r.err = tripOnce, errors.New("the client ended the request's goroutine")
			w.q.n.tell(r)
		}
	}
	w.q.landed(false)
}

// board takes those who leave together: in their order, and with as much time left as
// the first. Where there is nobody the worker is idle. first is right after it was
// started, which is a departure's time.
func (w *worker) board(first bool) bool {
	q := w.q
	q.mu.Lock()
	defer q.mu.Unlock()
	if !first {
		q.cameBack(w.near)
	}
	if q.head == nil {
		q.land()
		q.rest(w)
		return false
	}
	if !first {
		q.left = time.Now()
	}
	now := q.left
	most := maxTogether
	if q.alone {
		most = 1
	}
	w.left = whatIsLeftAt(q.head.ctx, now, q.head.Call.timeout)
	q.filter(func(r *Request) bool {
		if len(w.batch) == most || whatIsLeftAt(r.ctx, now, r.Call.timeout) != w.left {
			return true
		}
		w.batch = append(w.batch, r)
		return false
	})
	w.piped = q.flights > q.main
	if q.head != nil {
		q.keepWatch(now) // whom there was no room for, or who has other time left
	}
	return true
}

// rest has the worker wait for the next request.
func (q *queue) rest(w *worker) {
	if q.closed {
		w.wake <- false
		return
	}
	w.since = q.left // or later, by a flight
	q.idle = append(q.idle, w)
	if q.reaping {
		return
	}
	q.reaping = true
	if q.reaper == nil {
		q.reaper = time.AfterFunc(workerIdle, q.reap) // while a worker is idle
	} else {
		q.reaper.Reset(workerIdle)
	}
}

// reap ends the workers that have been idle for long.
func (q *queue) reap() { q.dismiss(time.Now().Add(-workerIdle / 2)) }

func (q *queue) dismiss(before time.Time) {
	q.mu.Lock()
	defer q.mu.Unlock()
	long := 0 // idle: they stand at the beginning
	for long < len(q.idle) && q.idle[long].since.Before(before) {
		q.idle[long].wake <- false
		long++
	}
	q.idle = append(q.idle[:0], q.idle[long:]...)
	q.reaping = len(q.idle) > 0
	if q.reaping {
		q.reaper.Reset(workerIdle)
	}
}

// close ends the workers, each as soon as it is idle.
func (q *queue) close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.dismiss(time.Now().Add(workerIdle))
}
