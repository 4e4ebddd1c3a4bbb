package redistest

import (
	"bytes"
	"context"
	"net"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Instant returns a client in default settings whose server answers at once, within
// the process and without an allocation: every script with 1, all else with an error.
// What is measured with it is the client's side alone, the same on every machine.
func Instant(tb testing.TB) *redis.Client {
	tb.Helper()
	c := redis.NewClient(&redis.Options{
		Addr:   "127.0.0.1:1", // not a name: go-redis would look it up
		Dialer: func(context.Context, string, string) (net.Conn, error) { return new(instant), nil },
	})
	tb.Cleanup(func() { _ = c.Close() })
	return c
}

// An instant is a connection that has the answers as soon as it is written to.
type instant struct{ answers bytes.Buffer }

// Write implements net.Conn.
func (c *instant) Write(b []byte) (int, error) {
	for command := range bytes.SplitSeq(b, []byte("\r\n*")) { // as no script's argument has
		if bytes.Contains(command, []byte("\r\nevalsha\r\n")) {
			c.answers.WriteString(":1\r\n")
		} else {
			c.answers.WriteString("-ERR unknown command\r\n")
		}
	}
	return len(b), nil
}

// Read implements net.Conn.
func (c *instant) Read(b []byte) (int, error) { return c.answers.Read(b) }

// Close implements net.Conn.
func (c *instant) Close() error { return nil }

// LocalAddr implements net.Conn.
func (c *instant) LocalAddr() net.Addr { return &net.TCPAddr{} }

// RemoteAddr implements net.Conn.
func (c *instant) RemoteAddr() net.Addr { return &net.TCPAddr{} }

// SetDeadline implements net.Conn.
func (c *instant) SetDeadline(time.Time) error { return nil }

// SetReadDeadline implements net.Conn.
func (c *instant) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline implements net.Conn.
func (c *instant) SetWriteDeadline(time.Time) error { return nil }
