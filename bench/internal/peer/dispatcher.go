package peer

import (
	"context"
	"crypto/rand"
	"errors"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/lilith/distlock/internal/scripts"
)

// Dispatched is the fastest that is known to be had over go-redis: a goroutine a node
// that stays, takes all that wait and sends it as one pipeline. The answer that decides
// wakes the caller. Nothing ends in time where a node hangs.
var Dispatched = Contestant{
	Name:  "our scripts, a dispatcher a node",
	About: "the library's own two scripts, with fencing; on each node a goroutine that stays sends what waits, in one pipeline, on go-redis; on at a majority",
	Sends: ByHand.Sends,
	Open:  each(func(s Settings) (Locker, error) { return newDispatched(s, true) }),
}

// DispatchedUnfenced is Dispatched without fencing tokens.
var DispatchedUnfenced = Contestant{
	Name:  "our scripts, no fencing, a dispatcher a node",
	About: "the same without fencing",
	Sends: ByHand.Sends,
	Open:  each(func(s Settings) (Locker, error) { return newDispatched(s, false) }),
}

type dispatchedLocker struct {
	clients pool
	nodes   []*dispatcher
	ttl     time.Duration
	fencing bool
	all     sync.WaitGroup
}

// A dispatcher sends what its node is asked.
type dispatcher struct {
	client *redis.Client
	asked  chan asked // more than ever wait
}

// An asked is one command for one node.
type asked struct {
	args []any
	to   *election
}

// An election counts the answers to one command on all nodes.
type election struct {
	yes func(any) bool

	mu             sync.Mutex
	got, won, size int
	refusal        error
	over           bool
	decided        chan struct{}
}

func newDispatched(s Settings, fencing bool) (Locker, error) {
	if err := loadScripts(s.Addrs); err != nil {
		return nil, err
	}
	l := &dispatchedLocker{clients: newPool(s), ttl: s.TTL, fencing: fencing}
	for _, c := range l.clients {
		d := &dispatcher{client: c, asked: make(chan asked, 4096)}
		l.nodes = append(l.nodes, d)
		l.all.Go(d.run) // until Close
	}
	return l, nil
}

// Close ends the dispatchers, and then their clients.
func (l *dispatchedLocker) Close() error {
	for _, d := range l.nodes {
		close(d.asked)
	}
	l.all.Wait()
	return l.clients.Close()
}

func (d *dispatcher) run() {
	var batch []asked
	for first := range d.asked {
		batch = append(batch[:0], first)
		for len(d.asked) > 0 { // nobody else takes any
			batch = append(batch, <-d.asked)
		}
		d.send(batch)
	}
}

// send sends what goes together, and counts the answers.
func (d *dispatcher) send(batch []asked) {
	ctx := context.Background()
	if len(batch) == 1 {
		cmd := redis.NewCmd(ctx, batch[0].args...)
		_ = d.client.Process(ctx, cmd) // the command has its error
		batch[0].to.answered(cmd)
		return
	}
	pipe := d.client.Pipeline()
	cmds := make([]*redis.Cmd, len(batch))
	for i, a := range batch {
		cmds[i] = pipe.Do(ctx, a.args...)
	}
	_, _ = pipe.Exec(ctx) // each command has its own
	for i, a := range batch {
		a.to.answered(cmds[i])
	}
}

func (e *election) answered(cmd *redis.Cmd) {
	v, err := cmd.Result()
	if errors.Is(err, redis.Nil) {
		err = nil
	}
	if err == nil && !e.yes(v) {
		err = errHeld
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.got++
	if err != nil {
		e.refusal = err
	} else {
		e.won++
	}
	need := e.size/2 + 1
	if !e.over && (e.won >= need || e.won+e.size-e.got < need) {
		e.over = true
		close(e.decided)
	}
}

func (l *dispatchedLocker) ask(yes func(any) bool, args ...any) error {
	e := &election{yes: yes, size: len(l.nodes), decided: make(chan struct{})}
	for _, d := range l.nodes {
		d.asked <- asked{args, e}
	}
	<-e.decided
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.won > e.size/2 {
		return nil
	}
	return e.refusal
}

type dispatchedLock struct {
	l          *dispatchedLocker
	key, token string
}

// Acquire makes one attempt: a floor has nobody to wait for.
func (l *dispatchedLocker) Acquire(ctx context.Context, key string) (Lock, error) {
	return l.Try(ctx, key)
}

// Try asks all nodes once, and gives back what it got where that is no majority.
func (l *dispatchedLocker) Try(ctx context.Context, key string) (Lock, error) {
	lock := &dispatchedLock{l, key, rand.Text()}
	granted := func(v any) bool { _, is := v.(int64); return is }
	args := []any{
		"evalsha", scripts.Acquire.SHA, 2, key, scripts.TombstoneKey(key, lock.token),
		lock.token, l.ttl.Milliseconds(), "0",
	}
	if l.fencing {
		args = []any{
			"evalsha", scripts.Acquire.SHA, 3, key, scripts.TombstoneKey(key, lock.token), scripts.FenceKey(key),
			lock.token, l.ttl.Milliseconds(), strconv.FormatInt(time.Now().UnixMicro(), 10),
		}
	}
	err := l.ask(granted, args...)
	if err != nil {
		_ = lock.Release(ctx) // the minority that was taken
		return nil, err
	}
	return lock, nil
}

// Release deletes the key where it is still the lock's.
func (l *dispatchedLock) Release(context.Context) error {
	return l.l.ask(func(v any) bool { return v == int64(1) || v == int64(2) }, "evalsha", scripts.Release.SHA, 3,
		l.key, scripts.TombstoneKey(l.key, l.token), scripts.QueueKey(l.key),
		l.token, l.l.ttl.Milliseconds(), "0", "")
}
