package chaos

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/lilith/distlock"
)

// A team is all that a client does: actors that share a Locker, wait behind one another
// and hand locks on. Most clients are one actor alone.
type team struct {
	habits
	stage  stage
	locker *distlock.Locker
	actors []*actor

	mu      sync.Mutex
	waiters map[*actor]Op      // acquisitions under way
	leases  map[string]*tenure // by token, until they are released
}

// A tenure is what the hooks know of a lease.
type tenure struct {
	attempts int           // that led to it
	worker   int           // who has it; 0 until he knows
	asked    time.Duration // the length of the extension that is asked for, which no renewal has; 0 is none
	renewed  time.Duration // when the last renewal ended
	over     bool          // a release of it has ended
}

// newTeam makes a team whose Locker make constructs.
func newTeam(h habits, s stage, make func(distlock.Config) (*distlock.Locker, error)) (*team, error) {
	t := &team{habits: h, stage: s, waiters: map[*actor]Op{}, leases: map[string]*tenure{}}
	for i := range max(h.Workers, 1) {
		source := rand.NewPCG(h.Seed, uint64(h.Index)<<32|uint64(i)<<24|uint64(h.Life))
		t.actors = append(t.actors, &actor{team: t, number: i + 1, rand: rand.New(source)})
	}
	if len(t.actors) == 1 {
		t.actors[0].number = 0
	}
	cfg := h.Config
	cfg.Trace = &distlock.Trace{Attempt: t.attempted, Acquired: t.acquired, Vote: t.voted, Extended: t.extended}
	var err error
	t.locker, err = make(cfg)
	return t, err
}

// live has all actors act until ctx ends, and until their last leases have been given
// back. The Locker is closed then.
func (t *team) live(ctx context.Context) {
	var acting sync.WaitGroup
	for _, a := range t.actors {
		acting.Go(func() { a.act(ctx) })
	}
	acting.Wait()
	_ = t.locker.Close() // what it leaves behind, sightings tell
}

// waits notes what an actor is about to acquire.
func (a *actor) waits(o Op) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.waiters[a] = o
}

func (a *actor) waitsNoMore() {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.waiters, a)
}

// attempted is a hook: an attempt ended. Whose it was nobody tells; any of those who wait
// for the lock goes on waiting where it failed.
func (t *team) attempted(e distlock.Event) {
	if e.Err == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock() // while he waits no more it does not end
	for _, a := range t.actors {
		if o, ok := t.waiters[a]; ok && o.Key == e.Key {
			t.stage.begin(o)
			return
		}
	}
}

// acquired is a hook: a lease begins.
func (t *team) acquired(e distlock.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.leases[e.Token] = &tenure{attempts: e.Attempt}
}

// takeOver notes whose a lease is, and returns how many attempts led to it.
func (a *actor) takeOver(token string) (attempts int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	l := a.leases[token]
	if l == nil { // the hook, which comes first, was not called
		l = &tenure{}
		a.leases[token] = l
	}
	l.worker = a.number
	return l.attempts
}

// forget is for when nothing more is to be told of a lease.
func (t *team) forget(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.leases, token)
}

// ask notes that an extension is asked for, or with 0 that it is over.
func (t *team) ask(token string, ttl time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if l := t.leases[token]; l != nil {
		l.asked = ttl
	}
}

// voted is a hook: the first answer to an extension tells that it is under way.
func (t *team) voted(e distlock.Event) {
	if e.Op != "extend" {
		return
	}
	start := t.stage.now() - e.Elapsed
	t.mu.Lock()
	defer t.mu.Unlock()
	if l := t.leases[e.Token]; l != nil && l.asked == 0 && !l.over && start > l.renewed { // else it comes late
		t.stage.begin(Op{Kind: OpRenew, Client: t.Name, Worker: l.worker, Key: e.Key, Token: e.Token, Start: start})
	}
}

// extended is a hook: an extension ended. Those that were asked for are recorded by who
// asked.
func (t *team) extended(e distlock.Event) {
	o := Op{
		Kind: OpRenew, Client: t.Name, Key: e.Key, Token: e.Token, Fencing: e.FencingToken,
		Start: t.stage.now() - e.Elapsed, TTL: e.TTL, Until: t.at(e.ValidUntil),
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	l := t.leases[e.Token]
	if l == nil {
		l = &tenure{} // released, and told of late
	}
	if e.TTL == l.asked {
		return
	}
	o.Worker = l.worker
	t.end(o, e.Err)
	l.renewed = t.stage.now()
}

// endRelease tells that a release has ended: from then on there is no renewal.
func (a *actor) endRelease(o Op, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if l := a.leases[o.Token]; l != nil {
		l.over = true
	}
	a.end(o, err)
}
