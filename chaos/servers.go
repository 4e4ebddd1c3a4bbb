package chaos

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// Connect puts a proxy before each of the user's own servers, named by URLs as
// redis.ParseURL reads them. The servers themselves are neither stopped nor told
// another configuration: crashes, freezes and refusals are the proxies', as clients
// see them. So a node never forgets, and its run_id stays. Clock jumps touch keys with
// the options' Prefix alone, unless AllowDestructive. Close the cluster, not the
// servers.
func Connect(urls []string, o ClusterOptions) (*Cluster, error) {
	logins := make([]*redis.Options, len(urls))
	for i, u := range urls {
		login, err := redis.ParseURL(u)
		if err != nil { // without the URL, which may have a password
			return nil, fmt.Errorf("chaos: URL %d is none of a Redis server: say redis://host:port, or rediss://", i+1)
		}
		logins[i] = login
	}
	c, err := startCluster(len(urls), o, func(i int) (backend, error) {
		return &foreign{login: logins[i], options: o}, nil
	}, nil)
	if err != nil {
		return nil, err
	}
	c.login = logins
	return c, nil
}

// A foreign server is the user's own.
type foreign struct {
	login   *redis.Options
	options ClusterOptions
	client  *redis.Client
}

func (f *foreign) dial(ctx context.Context) (net.Conn, error) {
	if f.login.TLSConfig != nil {
		d := tls.Dialer{Config: f.login.TLSConfig}
		return d.DialContext(ctx, f.login.Network, f.login.Addr)
	}
	var d net.Dialer
	return d.DialContext(ctx, f.login.Network, f.login.Addr)
}

func (f *foreign) admin() *redis.Client { return f.client }

// crash is the proxy's: the server goes on.
func (f *foreign) crash(context.Context) error { return nil }

func (f *foreign) start(ctx context.Context, with Memory) error {
	if with != Kept {
		// Its run_id would stay the same, which no server does that forgets: a guard
		// against restarts could not see it.
		return fmt.Errorf("%w: a server of the user's own is not restarted; KeysLost is the fault that empties one", ErrUnsupported)
	}
	if f.client != nil {
		return nil
	}
	login := *f.login
	f.client = redis.NewClient(adminOptions(&login))
	if err := f.client.Ping(ctx).Err(); err != nil {
		return fmt.Errorf("%s: %w", f.login.Addr, err)
	}
	return nil
}

func (f *foreign) remember(context.Context) error { return ErrUnsupported }

func (f *foreign) jump(ctx context.Context, by time.Duration) error {
	switch {
	case f.options.AllowDestructive:
		return jumpKeys(ctx, f.client, by, "", 0)
	case f.options.Prefix == "":
		return fmt.Errorf("%w: it would touch all keys: name a Prefix, or AllowDestructive", ErrUnsupported)
	}
	return jumpKeys(ctx, f.client, by, f.options.Prefix, 0)
}

func (f *foreign) setClock() {}

func (f *foreign) suffer(_ context.Context, c Condition) (func(string) string, error) {
	return answers(c), nil
}

// permits refuses what may destroy other data than the lock's.
func (f *foreign) permits(args []any) error {
	if f.options.AllowDestructive || len(args) == 0 {
		return nil
	}
	name := strings.ToUpper(fmt.Sprint(args[0]))
	switch name {
	case "FLUSHALL", "FLUSHDB", "SWAPDB", "CONFIG", "ACL", "DEBUG", "SHUTDOWN", "REPLICAOF", "SLAVEOF",
		"FAILOVER", "CLUSTER", "MODULE", "MIGRATE":
		return fmt.Errorf("%w: %s needs AllowDestructive", ErrUnsupported, name)
	case "DEL", "UNLINK":
		for _, key := range args[1:] {
			if !isOf(f.options.Prefix, fmt.Sprint(key)) {
				return fmt.Errorf("%w: %v is not of the Prefix %q", ErrUnsupported, key, f.options.Prefix)
			}
		}
	}
	return nil
}

func (f *foreign) close(context.Context) error {
	if f.client == nil {
		return nil
	}
	if err := f.client.Close(); !errors.Is(err, redis.ErrClosed) {
		return err
	}
	return nil
}

// CanForget reports whether the node can be started with less than it knew: a server of
// the user's own cannot, which faults ask before they crash it.
func (n *node) CanForget() bool {
	_, foreign := n.s.(*foreign)
	return !foreign
}
