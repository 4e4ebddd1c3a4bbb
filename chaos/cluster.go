package chaos

import (
	"context"
	"crypto/tls"
	"errors"
	"net/url"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// ClusterOptions say what a cluster is of. The zero value is plain.
type ClusterOptions struct {
	// TLS has the nodes speak TLS, with certificates of the cluster's own authority,
	// which clients verify: see Cluster.CA. BadCertificate needs it.
	TLS bool

	// Dir is where the servers of StartProcesses keep their data, each in a directory
	// that is emptied first, and stays. Default a temporary one that Close removes.
	Dir string

	// AllowDestructive lets servers of the user's own suffer what may destroy other
	// data than the lock's: FLUSHALL, CONFIG, ACL, DEBUG, and clock jumps of all keys.
	AllowDestructive bool

	// Prefix is of the keys that clock jumps touch on servers of the user's own,
	// without AllowDestructive. Keys that the library keeps beside a lock, such as
	// {key}:fence, count as the lock's.
	Prefix string

	_ struct{}
}

// A Cluster is a World of Redis nodes, each behind a proxy that troubles the network.
// They listen on free ports of 127.0.0.1. All methods are safe for concurrent use.
type Cluster struct {
	nodes   []*node
	trusted *authority       // nil without TLS
	login   []*redis.Options // how clients log in; nil is not at all
	prefix  string
	cleanup func() error

	mu      sync.Mutex
	clients []*redis.Client
	closed  bool
}

var _ World = (*Cluster)(nil)

// startPatience is how long a server may take to start.
const startPatience = 30 * time.Second

// adminOptions completes the options of a backend's admin client: a command is sent once,
// and its answer awaited however busy the machine is, up to the context's deadline.
func adminOptions(o *redis.Options) *redis.Options {
	o.MaxRetries, o.ContextTimeoutEnabled = -1, true
	o.DialTimeout, o.ReadTimeout, o.WriteTimeout = startPatience, startPatience, startPatience
	return o
}

// StartEmbedded starts n nodes that are miniredis servers of this process, over TCP.
// Close the cluster.
//
// A node that freezes, or refuses passwords or scripts, or loads, does so in its proxy.
// Its clock is its own: a jump moves TIME and the uptime in INFO as well as keys.
func StartEmbedded(n int, o ClusterOptions) (*Cluster, error) {
	return startCluster(n, o, func(int) (backend, error) { return &embedded{}, nil }, nil)
}

// Embedded is StartEmbedded for a test, at whose end the nodes end.
func Embedded(tb testing.TB, n int) *Cluster {
	tb.Helper()
	return forTest(tb, n, StartEmbedded)
}

func forTest(tb testing.TB, n int, start func(int, ClusterOptions) (*Cluster, error)) *Cluster {
	tb.Helper()
	c, err := start(n, ClusterOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := c.Close(); err != nil {
			tb.Error(err)
		}
	})
	return c
}

func startCluster(n int, o ClusterOptions, make func(i int) (backend, error), cleanup func() error) (*Cluster, error) {
	c := &Cluster{cleanup: cleanup, prefix: o.Prefix}
	var err error
	if n < 1 {
		err = errors.New("chaos: a cluster has at least one node")
	}
	if err == nil && o.TLS {
		c.trusted, err = newAuthority()
	}
	ctx, cancel := context.WithTimeout(context.Background(), startPatience)
	defer cancel()
	for i := 0; i < n && err == nil; i++ {
		var s backend
		if s, err = make(i); err != nil {
			break
		}
		var node *node
		if node, err = newNode(ctx, s, c.trusted); err == nil {
			c.nodes = append(c.nodes, node)
		}
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// Nodes returns the nodes.
func (c *Cluster) Nodes() []Node {
	nodes := make([]Node, len(c.nodes))
	for i, n := range c.nodes {
		nodes[i] = n
	}
	return nodes
}

// Clients returns none: they are the user's own.
func (c *Cluster) Clients() []Client { return nil }

// Prefix returns the options' Prefix: faults that lose keys lose those alone.
func (c *Cluster) Prefix() string { return c.prefix }

// Dial returns a new client in default settings for each node, which connects through
// the node's proxy. Close closes them, and they may be closed before.
func (c *Cluster) Dial() []redis.UniversalClient {
	c.mu.Lock()
	defer c.mu.Unlock()
	clients := make([]redis.UniversalClient, len(c.nodes))
	for i := range c.nodes {
		client := redis.NewClient(c.options(i))
		c.clients = append(c.clients, client)
		clients[i] = client
	}
	return clients
}

func (c *Cluster) options(i int) *redis.Options {
	o := &redis.Options{Addr: c.nodes[i].name, TLSConfig: c.clientTLS()}
	if c.login != nil {
		o.Username, o.Password, o.DB = c.login[i].Username, c.login[i].Password, c.login[i].DB
	}
	return o
}

func (c *Cluster) clientTLS() *tls.Config {
	if c.trusted == nil {
		return nil
	}
	return c.trusted.trust()
}

// CA returns the certificate, as PEM, that clients of other processes must trust; nil
// without TLS.
func (c *Cluster) CA() []byte {
	if c.trusted == nil {
		return nil
	}
	return c.trusted.PEM()
}

// URLs returns the nodes' addresses for other processes, through the proxies:
// redis://127.0.0.1:4711, or rediss:// with TLS, with the password if there is one.
func (c *Cluster) URLs() []string {
	urls := make([]string, len(c.nodes))
	for i := range c.nodes {
		o := c.options(i)
		u := url.URL{Scheme: "redis", Host: o.Addr}
		if o.TLSConfig != nil {
			u.Scheme = "rediss"
		}
		if o.Username != "" || o.Password != "" {
			u.User = url.UserPassword(o.Username, o.Password)
		}
		if c.login != nil {
			u.Path = "/" + strconv.Itoa(o.DB)
		}
		urls[i] = u.String()
	}
	return urls
}

// Connections returns how many connections clients have open to each node's proxy.
func (c *Cluster) Connections(context.Context) (map[string]int, error) {
	open := make(map[string]int, len(c.nodes))
	for _, n := range c.nodes {
		open[n.name] = n.p.connections()
	}
	return open, nil
}

// Close ends everything: clients of Dial, proxies, servers, and what they stored.
func (c *Cluster) Close() error {
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return nil
	}
	c.closed = true
	clients := c.clients
	c.mu.Unlock()
	for _, client := range clients {
		_ = client.Close() // or it was closed before
	}
	errs := make([]error, len(c.nodes), len(c.nodes)+1)
	var closing sync.WaitGroup
	for i, n := range c.nodes {
		closing.Go(func() { errs[i] = n.close(context.Background()) })
	}
	closing.Wait()
	if c.cleanup != nil {
		errs = append(errs, c.cleanup())
	}
	return errors.Join(errs...)
}
