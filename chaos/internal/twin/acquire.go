package twin

import (
	"fmt"

	"github.com/lilith/distlock/internal/scripts"
)

// acquireSites are where acquire.lua writes, in the script that it is a part of.
type acquireSites struct{ counter, lock, longer site }

func acquireSitesIn(s *scripts.Script) *acquireSites {
	return &acquireSites{
		counter: siteOf(s, "set", grows, "redis.call('SET', KEYS[3]"),
		lock:    siteOf(s, "set", grows, "redis.call('SET', KEYS[1]"),
		longer:  siteOf(s, "pexpire", writes, "redis.call('PEXPIRE', KEYS[1]"),
	}
}

var acquireAlone = acquireSitesIn(scripts.Acquire)

const (
	largestCounter = 1<<53 - 1
	hour           = 3600000000 // in µs: how far ahead of the node a hint may be
	minute         = 60000000   // in µs: how far ahead of the counter it needs no clock
)

// acquire is acquire.lua.
func acquire(c *call) (any, error) { return c.acquire(acquireAlone) }

func (c *call) acquire(at *acquireSites) (any, error) {
	n := c.node
	guarded := len(c.args) > 3
	if guarded {
		votes, err := c.mayVote()
		if err != nil {
			return nil, err
		}
		if !votes {
			return []any{"abstained", n.runIDReply, n.Uptime(c.now)}, nil
		}
	}
	lock, token := c.key(0), c.arg(0)
	owner, held, err := c.get(lock)
	if err != nil {
		return nil, err
	}
	fenced := len(c.keys) > 2
	var counter float64
	if fenced {
		if counter, err = c.counter(c.key(2)); err != nil {
			return nil, err
		}
	}
	if held && owner != token {
		return []any{refused, c.pttl(lock), int64(counter)}, nil
	}
	if _, dead := n.keys.find(c.key(1), c.nowMS); dead {
		return []any{"released"}, nil
	}
	ttl, err := c.number(1)
	if err != nil {
		return nil, err
	}
	if fenced && !(held && counter > 0) {
		if counter, err = c.raise(&at.counter, counter, ttl); err != nil {
			return nil, err
		}
	}
	px, ok := integer(c.arg(1))
	if !held {
		err = c.set(&at.lock, lock, token, px, ok)
	} else if float64(c.pttl(lock)) < ttl {
		err = c.pexpire(&at.longer, lock, px, ok)
	}
	if err != nil {
		return nil, err
	}
	if guarded {
		return []any{"granted", int64(counter), n.runIDReply, n.Uptime(c.now)}, nil
	}
	return int64(counter), nil
}

// mayVote is the restart guard.
func (c *call) mayVote() (bool, error) {
	if len(c.args) < 5 {
		return false, fmt.Errorf("twin: acquire takes both arguments of a restart guard, or neither")
	}
	if c.node.runID == c.arg(3) {
		return true, nil
	}
	if c.arg(4) == "" {
		return false, nil
	}
	enough, err := c.number(4)
	return err == nil && float64(c.node.Uptime(c.now)) >= enough, err
}

// counter reads the fencing counter.
func (c *call) counter(fence string) (float64, error) {
	value, exists, err := c.get(fence)
	if err != nil {
		return 0, err
	}
	if !exists {
		return 0, nil
	}
	counter, ok := luaNumber(value)
	if !ok || !allDigits(value) || counter >= largestCounter {
		return 0, Error("WRONGTYPE " + fence + " holds no fencing counter below 2^53-1: delete it")
	}
	return counter, nil
}

// raise raises the fencing counter, to the caller's lower bound at the least.
func (c *call) raise(at *site, counter, ttl float64) (float64, error) {
	bound, err := c.number(2)
	if err != nil {
		return 0, err
	}
	if bound > counter+minute || bound > largestCounter {
		if now := float64(c.now.Microseconds()); bound > now+hour {
			bound = now
		}
	}
	counter = max(counter+1, bound)
	life, ok := milliseconds(lifeOf(ttl))
	return counter, c.set(at, c.key(2), printed(counter), life, ok)
}
