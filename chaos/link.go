package chaos

import (
	"net"
	"sync"
)

// A link is one client's connection through a proxy.
type link struct {
	p     *proxy
	raw   net.Conn // the client's, below TLS
	ended chan struct{}
	once  sync.Once
	more  chan struct{} // holds one where queue has grown

	mu      sync.Mutex
	client  net.Conn // nil until greeted
	server  net.Conn // nil until dialled
	awaited []awaited
	queue   []chunk
	oneWay  bool // answers are not counted any more: awaited is empty
	gone    bool // the client has closed

	// A request, or an answer, was dropped: in a stream nothing passes behind a gap.
	deaf, mute bool
}

// An awaited answer, in the order of the requests.
type awaited struct {
	handshake bool
	canned    string // the proxy's own, in the server's place
}

func newLink(p *proxy, raw net.Conn) *link {
	return &link{p: p, raw: raw, ended: make(chan struct{}), more: make(chan struct{}, 1)}
}

// attach gives the link its two ends; false where it has been ended meanwhile.
func (l *link) attach(client, server net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.ended:
		return false
	default:
	}
	l.client, l.server = client, server
	return true
}

// end closes both connections, the client's by reset where asked.
func (l *link) end(reset bool) {
	l.once.Do(func() {
		close(l.ended)
		if tcp, ok := l.raw.(*net.TCPConn); ok && reset {
			_ = tcp.SetLinger(0)
		}
		_ = l.raw.Close()
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.server != nil {
			_ = l.server.Close()
		}
	})
}

// carry passes what both ends say until one has ended.
func (l *link) carry() {
	var ends sync.WaitGroup
	ends.Go(l.carryRequests)
	ends.Go(l.collectReplies)
	ends.Go(l.carryReplies)
	ends.Wait()
}

func (l *link) carryRequests() {
	buf := make([]byte, 16<<10)
	var rest []byte
	for {
		n, err := l.client.Read(buf)
		if n > 0 {
			if !l.p.flows(l.ended) {
				return
			}
			if rest = l.requests(append(rest, buf[:n]...)); rest == nil {
				return
			}
		}
		if err != nil {
			l.clientEnded()
			return
		}
	}
}

// clientEnded tells the server that no request follows; what it was sent it still
// carries out, as it does when a client closes while the server's process is stopped.
func (l *link) clientEnded() {
	l.mu.Lock()
	l.gone = true
	deaf := l.deaf
	l.mu.Unlock()
	half, ok := l.server.(interface{ CloseWrite() error })
	if !ok || deaf || half.CloseWrite() != nil {
		l.end(false)
	}
}

// requests passes the whole requests in b on and returns the rest, nil where the
// connection has ended.
func (l *link) requests(b []byte) []byte {
	for len(b) > 0 {
		n := requestLen(b)
		if n < 0 {
			l.untrack()
		}
		l.mu.Lock()
		if l.oneWay {
			n = len(b)
		}
		l.mu.Unlock()
		if n == 0 {
			break
		}
		if !l.request(b[:n]) {
			return nil
		}
		b = b[n:]
	}
	return append([]byte{}, b...)
}

func (l *link) untrack() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.oneWay, l.awaited = true, nil
}

func (l *link) request(b []byte) bool {
	if !l.announce(command(b)) {
		return true
	}
	_, err := l.server.Write(b)
	return err == nil
}

// announce reports whether a request is to reach the server, and has its answer
// awaited before it can come.
func (l *link) announce(name string) bool {
	trouble, instead := l.p.present()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deaf = l.deaf || trouble.DropRequests
	if l.deaf || l.oneWay {
		return !l.deaf
	}
	a := awaited{handshake: isHandshake(name)}
	if instead != nil {
		a.canned = instead(name)
	}
	if a.canned == "" && isOneWay(name) {
		l.oneWay, l.awaited = true, nil
		return true
	}
	l.awaited = append(l.awaited, a)
	l.answerInsteadLocked(trouble.Delay)
	return a.canned == ""
}
