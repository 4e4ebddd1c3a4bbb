package redlock

import (
	"sync"
	"time"
)

// A crew runs what must not keep a node's next request waiting: what is done about an
// answer that came late, and the user's hooks. Its goroutines stay for a while, as a
// fresh one must grow its stack under go-redis; idle for crewIdle they end by
// themselves, so a Locker that nobody closes leaves none behind.
type crew struct {
	tasks chan task

	mu   sync.Mutex
	busy int           // tasks that run
	idle chan struct{} // made by wait, closed when busy falls to 0
}

// A task is a function called with the index of a node.
type task struct {
	do   func(node int)
	node int
}

const crewIdle = 250 * time.Millisecond

func newCrew() *crew { return &crew{tasks: make(chan task)} }

// run has the task run on another goroutine, at once.
func (c *crew) run(do func(node int), node int) {
	c.mu.Lock()
	c.busy++
	c.mu.Unlock()
	t := task{do, node}
	select {
	case c.tasks <- t:
	default:
		go c.work(t) // ends when idle; wait waits for its tasks
	}
}

func (c *crew) work(t task) {
	idle := time.NewTimer(crewIdle)
	defer idle.Stop()
	for {
		c.do(t)
		idle.Reset(crewIdle)
		select {
		case t = <-c.tasks:
		case <-idle.C:
			return
		}
	}
}

// do runs one task. It has run even where a hook of the user's ends the goroutine.
func (c *crew) do(t task) {
	defer c.finished()
	t.do(t.node)
}

func (c *crew) finished() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy--
	if c.busy == 0 && c.idle != nil {
		close(c.idle)
		c.idle = nil
	}
}

// wait waits until no task runs, but not longer than d, and reports whether so.
func (c *crew) wait(d time.Duration) bool {
	c.mu.Lock()
	if c.busy == 0 {
		c.mu.Unlock()
		return true
	}
	if c.idle == nil {
		c.idle = make(chan struct{})
	}
	idle := c.idle
	c.mu.Unlock()
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-idle:
		return true
	case <-timer.C:
		return false
	}
}
