package chaos

import (
	"context"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/redlock"
	"github.com/lilith/distlock/single"
)

// newLocker is what clients make their Lockers with.
type newLocker func(clients []redis.UniversalClient, cfg distlock.Config) (*distlock.Locker, error)

// theLibrary makes the Locker that fits the number of nodes.
func theLibrary(clients []redis.UniversalClient, cfg distlock.Config) (*distlock.Locker, error) {
	if len(clients) == 1 {
		return single.New(clients[0], cfg)
	}
	return redlock.New(clients, cfg)
}

// A residentClient is a client within this process. It implements [Client]. Paused, it
// stands still between the steps of its program, while the library's own timers go on,
// as in a process whose one thread is stuck. Crashed, it loses its connections and never
// says a word more.
type residentClient struct {
	shared *sharedState
	index  int
	dial   func() []redis.UniversalClient
	locker newLocker

	mu   sync.Mutex
	life *residentLife // the present one
	next int           // how many lives there have been
	all  sync.WaitGroup
}

// A residentLife is one incarnation: the stage on which its team plays.
type residentLife struct {
	shared *sharedState
	habits habits
	dialed []redis.UniversalClient
	stop   context.CancelFunc
	lists  lists // read from the unfenced resource
	ops    pending

	mu      sync.Mutex
	dead    bool
	gone    chan struct{} // closed when, dead, it has no connection any more
	resumed chan struct{} // not nil while paused
}

// start begins a life, which stop ends.
func (c *residentClient) start() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := &residentLife{shared: c.shared, habits: c.shared.habitsOf(c.index, c.next), dialed: c.dial(), gone: make(chan struct{})}
	t, err := newTeam(l.habits, l, func(cfg distlock.Config) (*distlock.Locker, error) { return c.locker(l.dialed, cfg) })
	if err != nil {
		l.close()
		return err
	}
	c.next++
	c.life = l
	var ctx context.Context
	ctx, l.stop = context.WithCancel(context.Background())
	c.shared.labelled(func() {
		c.all.Go(func() { // stop waits
			t.live(ctx)
			l.close()
		})
	})
	return nil
}

// stop ends the client in good order, and waits for that and for what is left of those
// that crashed.
func (c *residentClient) stop() error {
	if l := c.now(); l != nil {
		l.resume()
		l.stop()
	}
	c.all.Wait()
	return nil
}

func (c *residentClient) relock([]string) {} // it looks for itself

func (c *residentClient) now() *residentLife {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.life
}

// Name implements [Client].
func (c *residentClient) Name() string { return c.now().habits.Name }

// Pause implements [Client].
func (c *residentClient) Pause(context.Context) error {
	c.now().pause()
	return nil
}

// Resume implements [Client].
func (c *residentClient) Resume(context.Context) error {
	c.now().resume()
	return nil
}

// Crash implements [Client].
func (c *residentClient) Crash(context.Context) error {
	c.now().crash()
	return nil
}

// Start implements [Client].
func (c *residentClient) Start(context.Context) error { return c.start() }

// Await returns when the client begins an operation of a kind, or when ctx ends.
func (c *residentClient) Await(ctx context.Context, kind OpKind) error {
	return c.now().ops.await(ctx, kind)
}

func (l *residentLife) pause() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.resumed == nil && !l.dead {
		l.resumed = make(chan struct{})
	}
}

func (l *residentLife) resume() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.resumed != nil {
		close(l.resumed)
		l.resumed = nil
	}
}

// crash ends the life without a word: what it was about to do is unknown from now on,
// its connections are gone, and so is what it might have cleaned up.
func (l *residentLife) crash() {
	l.mu.Lock()
	if l.dead {
		l.mu.Unlock()
		return
	}
	l.dead = true
	for _, o := range l.ops.list() {
		o.End, o.Outcome, o.Err = l.now(), Unknown, "the client was killed"
		l.shared.recorder.Op(o)
	}
	l.mu.Unlock()
	l.close()
	close(l.gone)
	l.stop()
	l.resume()
}

func (l *residentLife) close() {
	for _, c := range l.dialed {
		_ = c.Close() // or a crash has closed it
	}
}

func (l *residentLife) lockKeys() []string { return l.shared.lockKeys() }

func (l *residentLife) now() time.Duration { return l.shared.recorder.Now() }

func (l *residentLife) gate() {
	l.mu.Lock()
	resumed := l.resumed
	l.mu.Unlock()
	if resumed != nil {
		<-resumed
	}
}

func (l *residentLife) begin(o Op) {
	l.mu.Lock()
	dead := l.dead
	awaited := !dead && l.ops.begin(o)
	l.mu.Unlock()
	if dead {
		<-l.gone // what nobody records must reach no node
		return
	}
	if awaited && o.Kind != OpRenew { // which is told in the middle of it
		standStill(func() bool {
			l.mu.Lock()
			defer l.mu.Unlock()
			return l.dead || l.resumed != nil
		})
	}
}

func (l *residentLife) end(o Op) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dead {
		return
	}
	l.ops.end(o)
	l.shared.recorder.Op(o)
}

func (l *residentLife) isDead() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.dead
}

func (l *residentLife) open(_ int, key, owner string, fencing int64) (int64, bool) {
	if l.isDead() {
		return 0, false
	}
	return l.shared.register.Open(key, owner, fencing)
}

func (l *residentLife) write(_ int, key, owner string, fencing, value int64) bool {
	return !l.isDead() && l.shared.register.Write(key, owner, fencing, value)
}

func (l *residentLife) read(worker int, key string) { l.lists.read(&l.shared.ledger, worker, key) }

func (l *residentLife) put(worker int, key string, value int64) {
	if !l.isDead() {
		l.lists.put(&l.shared.ledger, worker, key, value)
	}
}
