package server

import (
	"errors"
	"net"
	"sync"
	"time"
)

// A Proxy stands before a server and delays its answers by a Network. Answers on one
// connection stay in their order, as TCP keeps them: one that is late holds up those
// behind it on that connection, and none on another.
//
// It keeps how long it truly held each answer, timers of a busy machine included:
// what the best client could reach is reckoned from that, not from the Network.
type Proxy struct {
	target string
	l      net.Listener
	done   sync.WaitGroup // accept, and three for each connection

	mu      sync.Mutex
	network Network
	closed  bool
	conns   map[net.Conn]struct{}
	holds   []time.Duration
}

// maxHolds bounds what is kept; the first are as good as any.
const maxHolds = 1 << 18

// NewProxy starts a proxy before target, "host:port", on a free port of 127.0.0.1.
func NewProxy(target string, network Network) (*Proxy, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	p := &Proxy{target: target, l: l, network: network, conns: make(map[net.Conn]struct{})}
	p.done.Go(p.accept)
	return p, nil
}

// Addr returns host:port.
func (p *Proxy) Addr() string { return p.l.Addr().String() }

// Set replaces the network, for answers from now on.
func (p *Proxy) Set(n Network) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.network = n
}

// Holds returns how long each answer so far was held.
func (p *Proxy) Holds() []time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]time.Duration(nil), p.holds...)
}

// Close ends all connections and waits for what served them.
func (p *Proxy) Close() error {
	err := p.l.Close()
	p.mu.Lock()
	p.closed = true
	for c := range p.conns {
		_ = c.Close()
	}
	p.mu.Unlock()
	p.done.Wait()
	return err
}

func (p *Proxy) accept() {
	for {
		client, err := p.l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(time.Millisecond) // out of file descriptors, say
			continue
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			_ = client.Close()
			continue
		}
		if !p.keep(client, server) {
			return
		}
		p.serve(client, server)
	}
}

// keep notes the connections for Close; false where that has been called.
func (p *Proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		if p.closed {
			_ = c.Close()
			continue
		}
		p.conns[c] = struct{}{}
	}
	return !p.closed
}

func (p *Proxy) drop(conns ...net.Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, c := range conns {
		_ = c.Close()
		delete(p.conns, c)
	}
}

// An answer is what the server said at a time, to be passed on at another.
type answer struct {
	said    []byte
	at, due time.Time
}

// serve carries one connection. Close ends the goroutines by closing both ends, and
// waits for them.
func (p *Proxy) serve(client, server net.Conn) {
	answers := make(chan answer, 1024)
	p.done.Go(func() {
		defer p.drop(client, server)
		carry(server, client)
	})
	p.done.Go(func() {
		defer close(answers)
		p.collect(server, answers)
	})
	p.done.Go(func() {
		defer p.drop(client, server)
		p.deliver(client, answers)
	})
}

// carry passes requests on, as they come.
func carry(to, from net.Conn) {
	buf := make([]byte, 16<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if _, err := to.Write(buf[:n]); err != nil {
			return
		}
	}
}

func (p *Proxy) collect(server net.Conn, answers chan<- answer) {
	buf := make([]byte, 16<<10)
	for {
		n, err := server.Read(buf)
		if err != nil {
			return
		}
		p.mu.Lock()
		delay := p.network.draw()
		p.mu.Unlock()
		now := time.Now()
		answers <- answer{said: append([]byte(nil), buf[:n]...), at: now, due: now.Add(delay)}
	}
}

func (p *Proxy) deliver(client net.Conn, answers <-chan answer) {
	broken := false
	for a := range answers { // until collect has ended, or it would wait for room
		if broken {
			continue
		}
		if wait := time.Until(a.due); wait > 0 {
			time.Sleep(wait)
		}
		p.held(time.Since(a.at))
		_, err := client.Write(a.said)
		broken = err != nil
	}
}

func (p *Proxy) held(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.holds) < maxHolds {
		p.holds = append(p.holds, d)
	}
}
