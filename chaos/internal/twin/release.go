package twin

import (
	"github.com/lilith/distlock/internal/scripts"
)

// releaseSites are where release.lua writes, in the script that it is a part of.
type releaseSites struct{ remove, bury site }

func releaseSitesIn(s *scripts.Script) *releaseSites {
	return &releaseSites{
		remove: siteOf(s, "del", writes, "redis.call('DEL'"),
		bury:   siteOf(s, "set", grows, "redis.call('SET', KEYS[2]"),
	}
}

var (
	releaseAlone  = releaseSitesIn(scripts.Release)
	handOverFirst = releaseSitesIn(scripts.HandOver)
	handOverThen  = acquireSitesIn(scripts.HandOver)
)

// release is release.lua.
func release(c *call) (any, error) { return c.release(releaseAlone) }

func (c *call) release(at *releaseSites) (any, error) {
	lock, tombstone := c.key(0), c.key(1)
	owner, held, err := c.get(lock)
	if err != nil {
		return nil, err
	}
	mine := held && owner == c.arg(0)
	first := tombstone
	if mine {
		first = lock
	}
	if err := c.del(&at.remove, first); err != nil {
		return nil, err
	}
	if !mine || c.arg(2) == "1" {
		px, ok := integer(c.arg(1))
		if err := c.set(&at.bury, tombstone, "", px, ok); err != nil {
			return nil, err
		}
	}
	switch {
	case mine && len(c.keys) > 2:
		if c.tell(lock, c.key(2), c.arg(3), c.arg(0)) {
			return twoYes, nil
		}
		return yes, nil
	case mine:
		return yes, nil
	case held:
		return []any{refused, c.pttl(lock), no}, nil
	}
	return no, nil
}

// handOver is handover.lua.
func handOver(c *call) (any, error) {
	keys, args := c.keys, c.args
	c.keys, c.args = keys[:2], args[:3]
	released, err := c.release(handOverFirst)
	if err != nil {
		return nil, err
	}
	var three [3]any
	three[0], three[1] = keys[0], keys[2]
	c.keys, c.args = three[:2], args[3:]
	if len(keys) > 3 {
		three[2] = keys[3]
		c.keys = three[:]
	}
	acquired, err := c.acquire(handOverThen)
	if answer, isAnswer := err.(Error); isAnswer && !c.raised { //nolint:errorlint // as it was returned
		acquired, err = answer, nil
	}
	if err != nil {
		return nil, err
	}
	return []any{released, acquired}, nil
}
