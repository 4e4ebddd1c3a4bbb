package peer

import (
	"context"
	"crypto/rand"
	"errors"
	"time"
)

// The floors: what it costs to do by hand, with no care for what may go wrong.
var (
	ByHand = floor("SET + EVALSHA by hand",
		"SET NX PX, and compare-and-delete by EVALSHA, called on go-redis; on more nodes a goroutine a node, going on at a majority",
		plainWords, false, false)
	ScriptsByHand = floor("our scripts by hand",
		"the library's own two scripts, with fencing, called on go-redis; on more nodes a goroutine a node, going on at a majority",
		ownWords, false, false)
	UnfencedByHand = floor("our scripts by hand, no fencing",
		"the library's own two scripts, without fencing, called on go-redis; on more nodes a goroutine a node, going on at a majority",
		unfencedWords, false, false)
	WaitAll = floor("SET + EVALSHA, all nodes awaited",
		"SET NX PX and EVALSHA on go-redis, a goroutine a node, waiting for every node",
		plainWords, true, false)
	AutoPipelined = floor("auto-pipelined by hand",
		"SET NX PX and EVALSHA over go-redis's AutoPipeline; on more nodes a goroutine a node, going on at a majority",
		plainWords, false, true)
	AutoPipelinedScripts = floor("our scripts, auto-pipelined",
		"the library's own two scripts, with fencing, over go-redis's AutoPipeline; on more nodes a goroutine a node, going on at a majority",
		ownWords, false, true)
)

func floor(name, about string, w words, all, pipelined bool) Contestant {
	return Contestant{
		Name: name, About: about, Sends: []string{"set", "evalsha", "eval"},
		Open: each(func(s Settings) (Locker, error) { return newFloor(s, w, all, pipelined) }),
	}
}

type floorLocker struct {
	words
	clients pool
	nodes   []commander
	closers []func() error
	ttl     time.Duration
	need    int // answers of yes that make a lock
	await   int // answers to go on at
}

func newFloor(s Settings, w words, all, pipelined bool) (*floorLocker, error) {
	l := &floorLocker{words: w, clients: newPool(s), ttl: s.TTL, need: len(s.Addrs)/2 + 1}
	l.await = l.need
	if all {
		l.await = len(s.Addrs)
	}
	for _, c := range l.clients {
		if !pipelined {
			l.nodes = append(l.nodes, c)
			continue
		}
		p, err := c.AutoPipeline()
		if err != nil {
			return nil, errors.Join(err, l.Close())
		}
		l.nodes = append(l.nodes, p)
		l.closers = append(l.closers, p.Close)
	}
	return l, nil
}

// Close ends the pipelines before the clients that they send through.
func (l *floorLocker) Close() error {
	var errs error
	for _, c := range l.closers {
		errs = errors.Join(errs, c())
	}
	return errors.Join(errs, l.clients.Close())
}

type floorLock struct {
	l          *floorLocker
	key, token string
}

// Acquire makes one attempt: a floor has nobody to wait for.
func (l *floorLocker) Acquire(ctx context.Context, key string) (Lock, error) { return l.Try(ctx, key) }

// Try asks all nodes once, and gives back what it got where that is no majority.
func (l *floorLocker) Try(ctx context.Context, key string) (Lock, error) {
	lock := &floorLock{l, key, rand.Text()}
	if err := l.ask(ctx, l.take, key, lock.token); err != nil {
		_ = l.ask(context.WithoutCancel(ctx), l.drop, key, lock.token) // the minority that was taken
		return nil, err
	}
	return lock, nil
}

// Release deletes the key where it is still the lock's.
func (l *floorLock) Release(ctx context.Context) error { return l.l.ask(ctx, l.l.drop, l.key, l.token) }

type word = func(ctx context.Context, c commander, key, token string, ttl time.Duration) (bool, error)

// ask says one word to all nodes. One node is asked on the caller's goroutine. The
// goroutines for more end with their answers, the last of which nobody waits for:
// Close of the clients ends those that hang.
func (l *floorLocker) ask(ctx context.Context, w word, key, token string) error {
	if len(l.nodes) == 1 {
		return verdict(w(ctx, l.nodes[0], key, token, l.ttl))
	}
	answers := make(chan error, len(l.nodes))
	for _, n := range l.nodes {
		go func() { answers <- verdict(w(ctx, n, key, token, l.ttl)) }()
	}
	return count(answers, len(l.nodes), l.need, l.await)
}

func verdict(yes bool, err error) error {
	if err == nil && !yes {
		return errHeld
	}
	return err
}

// count takes answers until await of them are yes or no majority can be had any
// more.
func count(answers <-chan error, nodes, need, await int) error {
	yes := 0
	var refusal error
	for got := 1; got <= nodes; got++ {
		if err := <-answers; err != nil {
			refusal = err
		} else {
			yes++
		}
		if yes >= await || yes+nodes-got < need {
			break
		}
	}
	if yes >= need {
		return nil
	}
	return refusal
}
