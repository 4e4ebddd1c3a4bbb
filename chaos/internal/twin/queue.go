package twin

import (
	"github.com/lilith/distlock/internal/scripts"
)

var (
	queueAdd  = siteOf(scripts.Queue, "zadd", grows, "redis.call('ZADD'")
	queueKeep = siteOf(scripts.Queue, "pexpire", writes, "redis.call('PEXPIRE'")
)

// queue is queue.lua.
func queue(c *call) (any, error) {
	lock, waiting := c.key(0), c.key(1)
	if c.arg(0) == "" {
		if _, held := c.node.keys.find(lock, c.nowMS); !held {
			c.tell(lock, waiting, "", "")
		}
		return c.pttl(lock), nil
	}
	waited, err := c.number(1)
	if err != nil {
		return nil, err
	}
	if err := c.allow(&queueAdd); err != nil {
		return nil, err
	}
	if _, err := c.node.zadd(waiting, float64(c.now.Microseconds())-waited, c.arg(0), c.nowMS); err != "" {
		return nil, c.fail(&queueAdd, err)
	}
	life, err := c.number(2)
	if err != nil {
		return nil, err
	}
	if float64(c.pttl(waiting)) < life {
		px, ok := integer(c.arg(2))
		if err := c.pexpire(&queueKeep, waiting, px, ok); err != nil {
			return nil, err
		}
	}
	return c.pttl(lock), nil
}

// tell is tell.lua: it has the first in the queue told, and reports whether anybody
// was. No error is one of the script that it is a part of.
func (c *call) tell(lock, waiting, own, token string) bool {
	if own != "" {
		c.tryRemove(waiting, own)
	}
	e, ok := c.node.zset(waiting, c.nowMS)
	if !ok || c.refusal("zrange", reads) != "" {
		return false
	}
	for _, m := range e.zset[:min(len(e.zset), 16)] {
		c.tryRemove(waiting, m.name)
		command := "publish"
		channel := ""
		if m.name != "" {
			channel = m.name[1:]
			if m.name[0] == 's' {
				command = "spublish"
			}
		}
		if c.refusal(command, reads) == "" && c.node.publish(channel, token+" "+lock, command == "spublish") > 0 {
			return true
		}
	}
	return false
}

// tryRemove is redis.pcall('ZREM', key, name).
func (c *call) tryRemove(key, name string) {
	if c.refusal("zrem", writes) == "" {
		_, _ = c.node.zrem(key, name, c.nowMS)
	}
}

// publish is the command.
func (n *Node) publish(channel, message string, sharded bool) int64 {
	if n.Published == nil {
		return 0
	}
	return int64(n.Published(channel, message, sharded))
}
