package twin

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/lilith/distlock/internal/scripts"
)

// A call is one run of a script.
type call struct {
	node  *Node
	now   time.Duration
	nowMS int64
	keys  []any
	args  []any

	wrote  bool // a write was let through
	raised bool // its error was raised by a command, which ends the script, not returned
}

func (c *call) key(i int) string { s, _ := text(c.keys[i]); return s }
func (c *call) arg(i int) string { s, _ := text(c.args[i]); return s }

// number is an argument that the scripts take for a number; the library sends no
// other.
func (c *call) number(i int) (float64, error) {
	s := c.arg(i)
	f, ok := luaNumber(s)
	if !ok {
		return 0, fmt.Errorf("twin: ARGV[%d] is %q, no number", i+1, s)
	}
	return f, nil
}

// get is redis.pcall('GET', key).
func (c *call) get(key string) (value string, exists bool, err error) {
	e, ok := c.node.keys.find(key, c.nowMS)
	if ok && e.kind != stringKind {
		return "", true, errWrongType
	}
	return e.value, ok, nil
}

func (c *call) pttl(key string) int64 { return c.node.keys.pttl(key, c.nowMS) }

// A site is a call of a command in a script, as an error from there tells it.
type site struct {
	command string
	wants   demand
	where   string
}

// siteOf returns the site whose line has statement.
func siteOf(s *scripts.Script, command string, wants demand, statement string) site {
	before, _, found := strings.Cut(s.Source, statement)
	if !found {
		panic(fmt.Sprintf("twin: %s.lua has no %s: the script has changed, and its twin has not", s.Name, statement))
	}
	line := strings.Count(before, "\n") + 1
	return site{command, wants, fmt.Sprintf(" script: %s, on @user_script:%d.", s.SHA, line)}
}

// fail raises an error of the command at s.
func (c *call) fail(s *site, e Error) error {
	c.raised = true
	return e + Error(s.where)
}

// allow returns the error of the node where it does not let the call through.
func (c *call) allow(s *site) error {
	if text := c.refusal(s.command, s.wants); text != "" {
		return c.fail(s, Error(text))
	}
	return nil
}

// refusal lets a command through, or returns what the node says of it.
func (c *call) refusal(command string, wants demand) string {
	if text := c.node.failure.refuses(command, wants, c.wrote); text != "" {
		return text
	}
	c.wrote = c.wrote || wants != reads
	return ""
}

// set is redis.call('SET', key, value, 'PX', px).
func (c *call) set(s *site, key, value string, px int64, isInteger bool) error {
	if err := c.allow(s); err != nil {
		return err
	}
	switch {
	case !isInteger:
		return c.fail(s, errNoInteger)
	case px <= 0 || px > math.MaxInt64-c.nowMS:
		return c.fail(s, badExpiry(s.command))
	}
	c.node.keys.put(key, entry{value: value, deadline: c.nowMS + px}, c.nowMS)
	return nil
}

// pexpire is redis.call('PEXPIRE', key, px).
func (c *call) pexpire(s *site, key string, px int64, isInteger bool) error {
	if err := c.allow(s); err != nil {
		return err
	}
	if _, err := c.node.pexpire(key, px, isInteger, c.nowMS); err != "" {
		return c.fail(s, err)
	}
	return nil
}

// del is redis.call('DEL', key).
func (c *call) del(s *site, key string) error {
	if err := c.allow(s); err != nil {
		return err
	}
	c.node.keys.remove(key, c.nowMS)
	return nil
}

// lifeOf is math.max(604800000, 2 * ttl): how long a counter is kept, in ms.
func lifeOf(ttl float64) float64 { return max(604800000, 2*ttl) }

func badExpiry(command string) Error {
	return Error("ERR invalid expire time in '" + command + "' command")
}
