//go:build unix

package peer

import (
	"errors"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// A rawNode is the sockets to one node. There is more than one only where an answer
// that was not waited for is still out: it would hold up the next on its socket.
type rawNode struct {
	addr  string
	conns []*rawConn
}

type rawConn struct {
	fd   int
	busy bool // an answer is out
	buf  []byte
}

// idle returns a socket with no answer out, a new one if need be.
func (n *rawNode) idle() (*rawConn, error) {
	for _, c := range n.conns {
		if c.busy {
			if _, _, err := c.read(); err != nil && !errors.Is(err, unix.EAGAIN) {
				return nil, err
			}
		}
		if !c.busy {
			return c, nil
		}
	}
	c, err := dialRaw(n.addr)
	if err == nil {
		n.conns = append(n.conns, c)
	}
	return c, err
}

func (n *rawNode) close() {
	for _, c := range n.conns {
		_ = unix.Close(c.fd)
	}
	n.conns = nil
}

func dialRaw(addr string) (*rawConn, error) {
	at, err := netip.ParseAddrPort(addr)
	if err != nil {
		return nil, err
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	if err != nil {
		return nil, err
	}
	unix.CloseOnExec(fd)
	err = errors.Join(
		unix.Connect(fd, &unix.SockaddrInet4{Port: int(at.Port()), Addr: at.Addr().As4()}),
		unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1),
		unix.SetNonblock(fd, true))
	if err != nil {
		return nil, errors.Join(err, unix.Close(fd))
	}
	return &rawConn{fd: fd, buf: make([]byte, 0, 4096)}, nil
}

func (c *rawConn) say(b []byte) error {
	c.busy, c.buf = true, c.buf[:0]
	n, err := unix.Write(c.fd, b)
	if err == nil && n < len(b) {
		err = errors.New("raw: the socket's buffer is full")
	}
	return err
}

// read takes in what has come; whole reports that the answer is.
func (c *rawConn) read() (yes, whole bool, err error) {
	n, err := unix.Read(c.fd, c.buf[len(c.buf):cap(c.buf)])
	if err != nil {
		return false, false, err
	}
	if n == 0 {
		return false, false, net.ErrClosed
	}
	c.buf = c.buf[:len(c.buf)+n]
	if replyLen(c.buf) == 0 {
		return false, false, nil
	}
	c.busy = false
	yes, err = replyYes(c.buf)
	return yes, true, err
}

// A poller waits for the answers of several sockets on one goroutine.
type poller struct {
	fds   []unix.PollFd
	conns []*rawConn
}

// rawPatience bounds one operation.
const rawPatience = 10 * time.Second

// ask says b to all nodes, and returns once need of them have said yes.
func (p *poller) ask(nodes []*rawNode, b []byte, need int) error {
	p.fds, p.conns = p.fds[:0], p.conns[:0]
	for _, n := range nodes {
		c, err := n.idle()
		if err == nil {
			err = c.say(b)
		}
		if err != nil {
			return err
		}
		p.fds = append(p.fds, unix.PollFd{Fd: int32(c.fd), Events: unix.POLLIN})
		p.conns = append(p.conns, c)
	}
	var refusal error
	for yes := 0; yes < need; {
		if yes+len(p.conns) < need {
			return refusal
		}
		n, err := unix.Poll(p.fds, int(rawPatience.Milliseconds()))
		switch {
		case errors.Is(err, unix.EINTR):
			continue
		case err != nil:
			return err
		case n == 0:
			return errors.New("raw: no majority answered")
		}
		granted, err := p.take()
		yes += granted
		if err != nil {
			refusal = err
		}
	}
	return nil
}

// take reads the sockets that have something, and forgets those that are done.
func (p *poller) take() (yes int, refusal error) {
	for i := len(p.fds) - 1; i >= 0; i-- {
		if p.fds[i].Revents == 0 {
			continue
		}
		granted, whole, err := p.conns[i].read()
		switch {
		case errors.Is(err, unix.EAGAIN) || err == nil && !whole:
			continue
		case err != nil:
			refusal = err
		case granted:
			yes++
		default:
			refusal = errHeld
		}
		last := len(p.fds) - 1
		p.fds[i], p.conns[i] = p.fds[last], p.conns[last]
		p.fds, p.conns = p.fds[:last], p.conns[:last]
	}
	return yes, refusal
}
