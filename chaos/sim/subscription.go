package sim

import (
	"context"
	"io"
	"net"
	"slices"
	"syscall"
	"time"

	"github.com/lilith/distlock/chaos/internal/twin"
)

// A subscription is a connection on which a client is told of releases. What goes over
// it is events, in order, as on a socket.
type subscription struct {
	wire   *twin.Wire
	client *client
	node   *node

	there, back time.Duration // when the last command, and the last answer, arrives
	deaf        bool          // it passes nothing any more, and looks alive
}

// subscribe makes a connection.
func (n *network) subscribe(_ context.Context, c *client, to *node) (net.Conn, error) {
	c.gateFor(to)
	switch {
	case c.isDead():
		return nil, net.ErrClosed
	case to.refuses():
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	s := &subscription{client: c, node: to}
	post := func(words []string) {
		r := &request{client: c, node: to, subscription: s}
		for _, word := range words {
			r.args = append(r.args, word)
		}
		if !c.isDead() {
			n.post(r)
		}
	}
	s.wire = twin.NewWire(post, func() { post(nil) }, func() { c.gateFor(to) })
	to.mu.Lock()
	defer to.mu.Unlock()
	to.subscriptions = append(to.subscriptions, s)
	return s.wire, nil
}

// sendOver sends a command on its way.
func (n *network) sendOver(r *request) {
	s := r.subscription
	s.there = max(s.there, time.Since(n.began)+n.latency(r.client))
	n.at(s.there-time.Since(n.began), func() { s.node.hear(r) })
	if n.rand.IntN(1000) < n.storm/5 {
		n.at(n.latency(r.client), func() { s.node.hangUp(s, io.EOF) })
	}
}

// hear is the arrival of a command over a subscription; one without words is its end.
func (d *node) hear(r *request) {
	s := r.subscription
	down, frozen, t := d.state()
	switch {
	case down, t.Refuse:
		d.hangUp(s, syscall.ECONNRESET)
	case s.deaf, t.DropRequests:
	case frozen:
		d.mu.Lock()
		d.backlog = append(d.backlog, func() { d.hear(r) })
		d.mu.Unlock()
	case r.args == nil:
		d.hangUp(s, net.ErrClosed)
	default:
		words := make([]string, len(r.args))
		for i := range words {
			words[i], _ = r.args[i].(string)
		}
		d.tell(s, s.wire.Carry(words))
	}
}

// tell sends what the node has to say over a subscription.
func (d *node) tell(s *subscription, text string) {
	_, _, t := d.state()
	if s.deaf || t.DropReplies {
		return
	}
	n := d.net
	s.back = max(s.back, time.Since(n.began)+n.latency(s.client)+t.Delay)
	n.at(s.back-time.Since(n.began), func() {
		if _, _, now := d.state(); !now.DropReplies && !s.deaf {
			s.wire.Deliver(text)
		}
	})
}

// publish sends a message to who hears its channel, and returns how many those are, for
// all the node knows.
func (d *node) publish(channel, message string, sharded bool) int {
	d.mu.Lock()
	all := slices.Clone(d.subscriptions)
	d.mu.Unlock()
	heard := 0
	for _, s := range all {
		if s.wire.Hears(channel, sharded) {
			d.tell(s, twin.Message(channel, message, sharded))
			heard++
			d.net.told++
		}
	}
	return heard
}

// hangUp ends a subscription.
func (d *node) hangUp(s *subscription, err error) {
	d.mu.Lock()
	d.subscriptions = slices.DeleteFunc(d.subscriptions, func(o *subscription) bool { return o == s })
	d.mu.Unlock()
	s.wire.Break(err)
}

// hangUpAll ends all subscriptions, or those of one client.
func (d *node) hangUpAll(of *client, err error) {
	d.mu.Lock()
	all := slices.Clone(d.subscriptions)
	d.mu.Unlock()
	for _, s := range all {
		if of == nil || s.client == of {
			d.hangUp(s, err)
		}
	}
}
