package sim

import (
	"context"
	"fmt"
	"net"

	"github.com/redis/go-redis/v9"

	"github.com/lilith/distlock/chaos/internal/twin"
)

// A line is a go-redis client without connections, made outside of any bubble and
// used by one run after another: to make one costs as much as a hundred requests.
type line struct {
	client *redis.Client

	// Of the present run.
	handle func(context.Context, redis.Cmder) error
	dial   func(context.Context) (net.Conn, error)
}

// lines has the lines to each node: a client's name is its node's. It is guarded by
// one.
type lines [][]*line

// ready sees to it that so many clients can have a line to each of so many nodes.
func (l *lines) ready(nodes, clients int) {
	for len(*l) < nodes {
		*l = append(*l, nil)
	}
	for i := range nodes {
		for len((*l)[i]) < clients {
			fresh := &line{}
			fresh.client = twin.Client(fmt.Sprintf("node-%d", i+1), func(ctx context.Context, cmd redis.Cmder) error {
				return fresh.handle(ctx, cmd)
			}, func(ctx context.Context) (net.Conn, error) { return fresh.dial(ctx) })
			(*l)[i] = append((*l)[i], fresh)
		}
	}
}

var kept lines
