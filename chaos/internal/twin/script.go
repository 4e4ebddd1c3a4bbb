package twin

import (
	"github.com/lilith/distlock/internal/scripts"
)

// The replies that are the same each time, boxed once.
var (
	yes     any = int64(1)
	twoYes  any = int64(2)
	no      any = int64(0)
	refused any = "refused"
)

var (
	acceptCounter = siteOf(scripts.Accept, "set", grows, "redis.call('SET', KEYS[2]")
	extendLock    = siteOf(scripts.Extend, "pexpire", writes, "redis.call('PEXPIRE', KEYS[1]")
	extendCounter = siteOf(scripts.Extend, "pexpire", writes, "redis.call('PEXPIRE', KEYS[2]")
)

// accept is accept.lua.
func accept(c *call) (any, error) {
	lock, fence := c.key(0), c.key(1)
	owner, held, err := c.get(lock)
	if err != nil {
		return nil, err
	}
	value, exists, err := c.get(fence)
	if err != nil {
		return nil, err
	}
	if !exists {
		value = "0"
	}
	counter, ok := luaNumber(value)
	if !ok {
		return nil, Error("WRONGTYPE " + fence + " holds no fencing counter: delete it")
	}
	proposal, err := c.number(1)
	if err != nil {
		return nil, err
	}
	if !held || owner != c.arg(0) || counter > proposal {
		return []any{refused, c.pttl(lock), int64(counter)}, nil
	}
	ttl, err := c.number(2)
	if err != nil {
		return nil, err
	}
	life, ok := milliseconds(lifeOf(ttl))
	if err := c.set(&acceptCounter, fence, c.arg(1), life, ok); err != nil {
		return nil, err
	}
	return yes, nil
}

// extend is extend.lua.
func extend(c *call) (any, error) {
	lock := c.key(0)
	owner, held, err := c.get(lock)
	if err != nil {
		return nil, err
	}
	if !held {
		return no, nil
	}
	if owner != c.arg(0) {
		return []any{refused, c.pttl(lock), no}, nil
	}
	ttl, err := c.number(1)
	if err != nil {
		return nil, err
	}
	if float64(c.pttl(lock)) < ttl {
		px, ok := integer(c.arg(1))
		if err := c.pexpire(&extendLock, lock, px, ok); err != nil {
			return nil, err
		}
	}
	if len(c.keys) > 1 {
		fence, life := c.key(1), lifeOf(ttl)
		if float64(c.pttl(fence)) < life {
			px, ok := milliseconds(life)
			if err := c.pexpire(&extendCounter, fence, px, ok); err != nil {
				return nil, err
			}
		}
	}
	return yes, nil
}

// check is check.lua.
func check(c *call) (any, error) {
	lock := c.key(0)
	owner, _, err := c.get(lock)
	if err != nil {
		return nil, err
	}
	value, exists, err := c.get(c.key(1))
	if err != nil {
		return nil, err
	}
	if !exists {
		value = "0"
	}
	counter, _ := luaNumber(value) // 0 where it is none
	return []any{owner, c.pttl(lock), int64(counter)}, nil
}
