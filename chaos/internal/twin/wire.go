package twin

import (
	"bytes"
	"net"
	"os"
	"strconv"
	"sync"
	"time"
)

// A Wire is the connection of a subscription, without a socket: a net.Conn to go-redis,
// which writes commands to it and reads what is delivered. It has no goroutine; timers
// are those of Read's deadline. What goes over it, when and whether at all, is the
// caller's: [Wire.Carry] is the node's answer to a command, [Message] what it sends to
// those who hear a channel. It speaks RESP2.
type Wire struct {
	// Sent is called with each command, and Closed when the client closes the wire, on
	// the goroutines that do so. Gate, where not nil, is called before Read returns.
	Sent   func(words []string)
	Closed func()
	Gate   func()

	mu       sync.Mutex
	incoming []byte // to be read
	outgoing []byte // written, and not a whole command yet
	deadline time.Time
	err      error         // what Read returns once all has been read
	news     chan struct{} // capacity 1: Read is to look again

	heard []hearer // what the node knows of, in order; touched by Carry alone
}

// A hearer is one subscription to one channel.
type hearer struct {
	channel string
	sharded bool
}

// NewWire returns a wire on which nothing was said yet.
func NewWire(sent func(words []string), closed, gate func()) *Wire {
	return &Wire{Sent: sent, Closed: closed, Gate: gate, news: make(chan struct{}, 1)}
}

func (w *Wire) look() {
	select {
	case w.news <- struct{}{}:
	default:
	}
}

// Deliver has the client read what the node sends.
func (w *Wire) Deliver(reply string) {
	w.mu.Lock()
	w.incoming = append(w.incoming, reply...)
	w.mu.Unlock()
	w.look()
}

// Break ends the connection with an error that the client reads after what was delivered.
func (w *Wire) Break(err error) {
	w.mu.Lock()
	if w.err == nil {
		w.err = err
	}
	w.mu.Unlock()
	w.look()
}

// Read implements net.Conn, for one reader at a time.
func (w *Wire) Read(p []byte) (int, error) {
	n, err := w.read(p)
	if w.Gate != nil {
		w.Gate()
	}
	return n, err
}

func (w *Wire) read(p []byte) (int, error) {
	for {
		w.mu.Lock()
		n := copy(p, w.incoming)
		w.incoming = w.incoming[n:]
		err, deadline := w.err, w.deadline
		w.mu.Unlock()
		switch {
		case n > 0:
			return n, nil
		case err != nil:
			return 0, err
		case deadline.IsZero():
			<-w.news
			continue
		}
		left := time.Until(deadline)
		if left <= 0 {
			return 0, os.ErrDeadlineExceeded
		}
		timer := time.NewTimer(left)
		select {
		case <-w.news:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// Write implements net.Conn. It never blocks.
func (w *Wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	if w.err != nil {
		w.mu.Unlock()
		return 0, net.ErrClosed
	}
	w.outgoing = append(w.outgoing, p...)
	var commands [][]string
	for words := w.takeCommand(); words != nil; words = w.takeCommand() {
		commands = append(commands, words)
	}
	w.mu.Unlock()
	for _, words := range commands {
		w.Sent(words)
	}
	return len(p), nil
}

// takeCommand takes a whole command out of what was written; nil where there is none.
func (w *Wire) takeCommand() []string {
	rest := w.outgoing
	count, ok := takeLength(&rest, '*')
	if !ok {
		return nil
	}
	words := make([]string, count)
	for i := range words {
		size, ok := takeLength(&rest, '$')
		if !ok || len(rest) < size+2 {
			return nil
		}
		words[i], rest = string(rest[:size]), rest[size+2:]
	}
	w.outgoing = rest
	return words
}

func takeLength(rest *[]byte, kind byte) (int, bool) {
	line, after, whole := bytes.Cut(*rest, []byte("\r\n"))
	if !whole || len(line) == 0 || line[0] != kind {
		return 0, false
	}
	n, err := strconv.Atoi(string(line[1:]))
	*rest = after
	return n, err == nil
}

// Close implements net.Conn.
func (w *Wire) Close() error {
	w.mu.Lock()
	first := w.err != net.ErrClosed //nolint:errorlint // it is that very value
	w.err, w.incoming = net.ErrClosed, nil
	w.mu.Unlock()
	w.look()
	if first && w.Closed != nil {
		w.Closed()
	}
	return nil
}

// SetDeadline implements net.Conn.
func (w *Wire) SetDeadline(t time.Time) error { return w.SetReadDeadline(t) }

// SetReadDeadline implements net.Conn.
func (w *Wire) SetReadDeadline(t time.Time) error {
	w.mu.Lock()
	w.deadline = t
	w.mu.Unlock()
	w.look()
	return nil
}

// SetWriteDeadline implements net.Conn: Write never blocks.
func (w *Wire) SetWriteDeadline(time.Time) error { return nil }

// LocalAddr implements net.Conn.
func (w *Wire) LocalAddr() net.Addr { return wireAddr{} }

// RemoteAddr implements net.Conn.
func (w *Wire) RemoteAddr() net.Addr { return wireAddr{} }

type wireAddr struct{}

// Network implements net.Addr.
func (wireAddr) Network() string { return "wire" }

func (wireAddr) String() string { return "wire" }
