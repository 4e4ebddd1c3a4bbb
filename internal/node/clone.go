package node

import (
	"time"

	"github.com/redis/go-redis/v9"
)

// A bound is a client and the socket timeout that a clone of it has.
type bound struct {
	client  *redis.Client
	timeout time.Duration
}

type cloned struct {
	bound
	clone *redis.Client
}

// maxClones bounds the clones kept; beyond, one is made for one request: TTLs by the
// thousand, or a Cluster that moves.
const maxClones = 64

// bounded returns client, or a clone of it with a socket timeout where it does not
// heed a context's deadline.
func (l *line) bounded(client *redis.Client, timeout time.Duration) *redis.Client {
	if client.Options().ContextTimeoutEnabled {
		return client
	}
	want := bound{client, timeout}
	if c := l.latest.Load(); c != nil && c.bound == want {
		return c.clone
	}
	clone, known := l.clones.Load(want)
	if !known {
		clone = client.WithTimeout(timeout)
		if l.number.Load() < maxClones {
			if _, loaded := l.clones.LoadOrStore(want, clone); !loaded {
				l.number.Add(1)
			}
		}
	}
	c := clone.(*redis.Client)
	l.latest.Store(&cloned{want, c})
	return c
}

// forPipelines is how many connections a client has for pipelines alone.
func forPipelines(o *redis.Options) int {
	switch {
	case o.PipelinePoolSize < 0:
		return 0
	case o.PipelinePoolSize == 0:
		return redis.DefaultPipelinePoolSize
	}
	return o.PipelinePoolSize
}
