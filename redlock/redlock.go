// Package redlock locks on a majority of N independent Redis masters: a key is
// held by the owner that more than half of them name, so that it survives the failure of the
// others. It follows the Redlock algorithm (redis.io, "Distributed Locks with
// Redis") and adds to it fencing tokens that rise from holder to holder, nodes
// that abstain after a restart, and cleaning up that outlives the caller.
//
// Use package single where one Redis is all there is; a replica is no second
// master. Three masters bear the loss of one, five of two. An even number works
// and is no better than the odd one below it: four bear the loss of one, as three
// do, and cost one more.
//
// Limits: a holder paused beyond its lease, and a node whose clock jumps or runs
// faster than Config.DriftFactor, can make two holders; the fencing token tells
// them apart. A node that forgets its keys on a restart can too, unless
// Config.RestartGuard is on.
package redlock

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/internal/node"
)

// New returns a Locker over the given clients, one for each independent master.
// It sends nothing yet and never blocks. The clients stay the caller's, who closes
// them after the Locker; any of go-redis's settings will do.
//
// An empty list, a nil client, a client given twice, and a bad field of cfg are
// [distlock.ErrInvalidArgument].
func New(clients []redis.UniversalClient, cfg distlock.Config) (*distlock.Locker, error) {
	if len(clients) == 0 {
		return nil, fmt.Errorf("%w: clients is empty: give one client for each independent master", distlock.ErrInvalidArgument)
	}
	s := &store{crew: newCrew(), nodes: make([]*node.Node, len(clients)), bare: true}
	for i, client := range clients {
		if err := node.Check(client, fmt.Sprintf("clients[%d]", i)); err != nil {
			return nil, err
		}
		if first := indexOf(clients[:i], client); first >= 0 {
			return nil, fmt.Errorf("%w: clients[%d] and clients[%d] are one client: its node would vote twice; give each master once",
				distlock.ErrInvalidArgument, first, i)
		}
		if err := node.CheckGuard(client, fmt.Sprintf("clients[%d]", i), cfg); err != nil {
			return nil, err
		}
		s.nodes[i] = node.New(client, i)
		s.bare = s.bare && s.nodes[i].Bare()
	}
	return distlock.New(s, cfg)
}

// indexOf returns where client stands in clients, or -1. Clients of a kind that
// cannot be compared are taken for different ones.
func indexOf(clients []redis.UniversalClient, client redis.UniversalClient) int {
	if !reflect.ValueOf(client).Comparable() {
		return -1
	}
	return slices.IndexFunc(clients, func(c redis.UniversalClient) bool {
		return reflect.ValueOf(c).Comparable() && c == client
	})
}

// A store is what package distlock asks of a quorum.
type store struct {
	nodes  []*node.Node
	crew   *crew
	alarms node.Alarms
	bare   bool // all nodes are, so that a node.Limit may bound their requests
}

// Extend implements [distlock.Store]. A minority that has lost the key gets it
// back, but only once a quorum has answered, in this very call, that it is still
// the caller's: then nobody else can have a majority.
func (s *store) Extend(ctx context.Context, req distlock.Request) distlock.Result {
	p := s.newPoll(ctx, &req, node.Extend(&req), countReply)
	p.tally.lease = true
	repair := func(i int) {
		if !req.Held() {
			return
		}
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), req.NodeTimeout)
		defer cancel()
		// Whether it succeeds the next extension shows. A release that comes
		// before it leaves a tombstone, which it honours.
		again := req
		again.TTL = req.RepairTTL
		call := node.Repair(&again)
		call.Wanted = req.Held
		s.nodes[i].Ask(bounded, call)
	}
	p.late = func(i int, r node.Reply) {
		if r.Absent && p.verdict == distlock.Agreed {
			s.crew.run(repair, i)
		}
	}
	if p.askAll(ctx) == distlock.Agreed {
		for i, r := range p.replies {
			if r.Absent {
				s.crew.run(repair, i)
			}
		}
	}
	return p.result()
}

// Close implements [distlock.Store]. Requests under way come first, as they may leave
// something to be cleaned up.
func (s *store) Close() error {
	s.wait(closeRequests)
	var work errgroup.Group
	for _, n := range s.nodes {
		work.Go(n.Close)
	}
	err := work.Wait()
	if !s.wait(closeRest) {
		err = errors.Join(err, errors.New("distlock: close: requests to hung nodes are still under way; they end within the node timeout"))
	}
	return err
}

// wait waits until no request is under way, but not longer than d, and reports
// whether so.
func (s *store) wait(d time.Duration) bool {
	end := time.Now().Add(d)
	for _, n := range s.nodes { // first: an answer may leave something to do
		if !n.Wait(time.Until(end)) {
			return false
		}
	}
	return s.crew.wait(time.Until(end))
}

// What Close spends of its two seconds besides the nodes' own closing.
const (
	closeRequests = 500 * time.Millisecond
	closeRest     = 200 * time.Millisecond
)
