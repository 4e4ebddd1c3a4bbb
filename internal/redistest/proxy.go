package redistest

import (
	"net"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"
)

// A Proxy stands before a server and passes bytes, unless told otherwise. Faults
// apply to the bytes that arrive while they are on.
type Proxy struct {
	tb     testing.TB
	target string
	l      net.Listener

	mu    sync.Mutex
	fault fault
	conns map[net.Conn]struct{}
	done  sync.WaitGroup
}

type fault struct {
	delay       time.Duration // before each chunk towards the client
	holdReplies bool          // swallow what the server says
	holdAll     bool          // swallow what both say: a half-open connection
	cutReplies  bool          // pass one byte of the next reply, then reset
	dropReply   bool          // swallow the next reply, then reset
}

// NewProxy starts a proxy before target, "host:port". It ends with the test.
func NewProxy(tb testing.TB, target string) *Proxy {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	p := &Proxy{tb: tb, target: target, l: l, conns: make(map[net.Conn]struct{})}
	p.done.Add(1)
	go p.serve() // Close waits
	tb.Cleanup(p.close)
	return p
}

// Addr returns host:port.
func (p *Proxy) Addr() string { return p.l.Addr().String() }

// Client returns a client in go-redis's default settings, closed with the test.
func (p *Proxy) Client() *redis.Client { return NewClient(p.tb, p.Addr()) }

func (p *Proxy) set(f fault) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.fault = f
}

// Heal passes everything again.
func (p *Proxy) Heal() { p.set(fault{}) }

// Delay makes every reply d late.
func (p *Proxy) Delay(d time.Duration) { p.set(fault{delay: d}) }

// HoldReplies lets requests through and swallows the replies.
func (p *Proxy) HoldReplies() { p.set(fault{holdReplies: true}) }

// HoldAll swallows everything and keeps the connections open.
func (p *Proxy) HoldAll() { p.set(fault{holdAll: true}) }

// CutNextReply resets the connection of the next reply after its first byte.
func (p *Proxy) CutNextReply() { p.set(fault{cutReplies: true}) }

// DropNextReply resets the connection instead of passing the next reply.
func (p *Proxy) DropNextReply() { p.set(fault{dropReply: true}) }

// Reset resets every connection.
func (p *Proxy) Reset() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		reset(c)
	}
}

func (p *Proxy) close() {
	_ = p.l.Close()
	p.Reset()
	p.done.Wait()
}

func (p *Proxy) serve() {
	defer p.done.Done()
	for {
		client, err := p.l.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.target)
		if err != nil {
			reset(client)
			continue
		}
		p.mu.Lock()
		p.conns[client], p.conns[server] = struct{}{}, struct{}{}
		p.mu.Unlock()
		p.done.Add(2)
		go p.pump(server, client, false)
		go p.pump(client, server, true)
	}
}

// pump copies from one side to the other until either ends.
func (p *Proxy) pump(to, from net.Conn, replies bool) {
	defer p.done.Done()
	defer func() {
		p.mu.Lock()
		delete(p.conns, from)
		p.mu.Unlock()
		_ = from.Close()
		_ = to.Close()
	}()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		pass, last := p.apply(n, replies)
		if pass > 0 {
			if _, err := to.Write(buf[:pass]); err != nil {
				return
			}
		}
		if last {
			reset(to)
			return
		}
	}
}

// apply tells how many of n bytes pass, after what delay it takes here, and
// whether the connection ends then.
func (p *Proxy) apply(n int, replies bool) (pass int, last bool) {
	p.mu.Lock()
	f := p.fault
	if replies && (f.cutReplies || f.dropReply) {
		p.fault = fault{}
	}
	p.mu.Unlock()
	switch {
	case f.holdAll, replies && f.holdReplies:
		return 0, false
	case replies && f.cutReplies:
		return 1, true
	case replies && f.dropReply:
		return 0, true
	case replies && f.delay > 0:
		time.Sleep(f.delay)
	}
	return n, false
}

// reset ends a connection with RST rather than FIN.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = c.Close()
}
