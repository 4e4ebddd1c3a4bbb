package chaos

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"time"
)

// A proxy stands before a node and passes what is said, unless told otherwise. It
// reads the Redis protocol, so that it loses whole answers, and answers of commands,
// not those by which a client prepares a connection.
type proxy struct {
	dial   func(ctx context.Context) (net.Conn, error)
	tls    *tls.Config // nil is no TLS
	l      net.Listener
	ctx    context.Context
	cancel context.CancelFunc
	done   sync.WaitGroup // accept, and each link

	mu      sync.Mutex
	trouble Trouble
	down    bool                        // there is nobody behind it
	stalled bool                        // nothing passes, nothing is lost
	instead func(command string) string // the answer in the server's place, "" for the server's; nil is none
	changed chan struct{}               // closed when stalled ends
	links   map[*link]struct{}
}

// newProxy listens on a free port of 127.0.0.1. It is down until told otherwise.
func newProxy(dial func(ctx context.Context) (net.Conn, error), config *tls.Config) (*proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &proxy{
		dial: dial, tls: config, l: l, ctx: ctx, cancel: cancel, down: true,
		changed: make(chan struct{}), links: make(map[*link]struct{}),
	}
	p.done.Go(p.accept)
	return p, nil
}

// addr returns host:port.
func (p *proxy) addr() string { return p.l.Addr().String() }

// close ends all connections and waits for what served them.
func (p *proxy) close() {
	p.cancel()
	_ = p.l.Close()
	p.setDown(true)
	p.done.Wait()
}

func (p *proxy) accept() {
	for {
		raw, err := p.l.Accept()
		if err != nil {
			if p.ctx.Err() != nil {
				return
			}
			select { // out of file descriptors, say
			case <-time.After(5 * time.Millisecond):
			case <-p.ctx.Done():
				return
			}
			continue
		}
		l := newLink(p, raw)
		p.mu.Lock()
		if p.down || p.trouble.Refuse {
			p.mu.Unlock()
			l.end(true)
			continue
		}
		p.links[l] = struct{}{}
		p.mu.Unlock()
		p.done.Go(func() { p.serve(l) })
	}
}

func (p *proxy) serve(l *link) {
	defer func() {
		l.end(true)
		p.mu.Lock()
		delete(p.links, l)
		p.mu.Unlock()
	}()
	if !p.flows(l.ended) {
		return
	}
	ctx, cancel := context.WithTimeout(p.ctx, 10*time.Second)
	defer cancel()
	client := l.raw
	if p.tls != nil {
		secured := tls.Server(l.raw, p.tls)
		if secured.HandshakeContext(ctx) != nil {
			return
		}
		client = secured
	}
	server, err := p.dial(ctx)
	if err != nil {
		return
	}
	defer server.Close()
	if l.attach(client, server) {
		l.carry()
	}
}

// flows waits until something may pass; false where ended closes first.
func (p *proxy) flows(ended <-chan struct{}) bool {
	for {
		p.mu.Lock()
		stalled, changed := p.stalled, p.changed
		p.mu.Unlock()
		if !stalled {
			return true
		}
		select {
		case <-changed:
		case <-ended:
			return false
		}
	}
}

// present returns what holds now.
func (p *proxy) present() (Trouble, func(string) string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.trouble, p.instead
}

// setTrouble replaces the trouble. A connection that something was dropped from
// stays silent for good.
func (p *proxy) setTrouble(t Trouble) {
	p.mu.Lock()
	p.trouble = t
	p.mu.Unlock()
	if t.Refuse {
		p.reset()
	}
}

// setDown has the proxy refuse everything, also what it has not accepted yet, or serve
// again.
func (p *proxy) setDown(down bool) {
	p.mu.Lock()
	p.down = down
	p.mu.Unlock()
	if down {
		p.reset()
		p.refuseWaiting()
	}
}

// refuseWaiting returns when the connections are reset that clients have made and the
// proxy had not yet accepted: they go down with a server too, and what was sent on
// them must not reach the next one.
func (p *proxy) refuseWaiting() {
	const most = time.Second // the proxy is as busy as the machine
	last, err := net.DialTimeout("tcp", p.addr(), most)
	if err != nil {
		return // closed
	}
	defer last.Close()
	_ = last.SetReadDeadline(time.Now().Add(most))
	_, _ = last.Read(make([]byte, 1)) // fails once it has its turn, after all before it
}

// stall has nothing pass, or all again that was held up, in its order.
func (p *proxy) stall(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.stalled && !on {
		close(p.changed)
		p.changed = make(chan struct{})
	}
	p.stalled = on
}

// setInstead has the proxy answer in the server's place.
func (p *proxy) setInstead(instead func(command string) string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.instead = instead
}

// reset ends every connection by a reset.
func (p *proxy) reset() { p.endLinks(func(*link) bool { return true }) }

// resetSilent ends the connections that something was dropped from.
func (p *proxy) resetSilent() {
	p.endLinks(func(l *link) bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		return l.deaf || l.mute
	})
}

func (p *proxy) endLinks(which func(*link) bool) {
	p.mu.Lock()
	links := make([]*link, 0, len(p.links))
	for l := range p.links {
		links = append(links, l)
	}
	p.mu.Unlock() // which locks links, which lock the proxy
	for _, l := range links {
		if which(l) {
			l.end(true)
		}
	}
}

// connections counts the connections that clients have open.
func (p *proxy) connections() int {
	n := 0
	p.endLinks(func(l *link) bool {
		l.mu.Lock()
		defer l.mu.Unlock()
		if !l.gone {
			n++
		}
		return false
	})
	return n
}
