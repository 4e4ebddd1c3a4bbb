package main

import (
	"errors"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/urfave/cli/v3"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/redlock"
	"github.com/lilith/distlock/single"
)

// nodesEnv names the nodes where no --node does. It is also the place for
// passwords: the arguments of a process can be read by every user of its machine.
const nodesEnv = "DISTLOCK_NODES"

// lockFlags are the flags of every command that asks nodes about a key.
func lockFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{
			Name: "node",
			Usage: "`URL` of a Redis: redis://[user:password@]host:port[/db], rediss://... or unix://...; " +
				"one is a lock on one Redis, several are a quorum of independent ones " +
				"[$" + nodesEnv + ", separated by commas or spaces]",
		},
		&cli.StringFlag{Name: "key", Usage: "the `KEY` to lock: the whole name on the wire, a program's KeyPrefix included"},
		&cli.DurationFlag{
			Name: "node-timeout", HideDefault: true,
			Usage: "how long one node may take to answer (default: 200ms, at most half of the TTL)",
		},
	}
}

// A target is a key on some nodes, as the flags name it.
type target struct {
	key  string
	urls []string
	from string // what named the nodes, for messages
	cfg  distlock.Config
}

// targetOf reads the flags of lockFlags.
func targetOf(cmd *cli.Command) (*target, error) {
	t := &target{key: cmd.String("key"), urls: cmd.StringSlice("node"), from: "--node"}
	if len(t.urls) == 0 {
		t.from = nodesEnv
		t.urls = strings.FieldsFunc(os.Getenv(nodesEnv), func(r rune) bool {
			return strings.ContainsRune(", \t\r\n", r)
		})
	}
	switch {
	case cmd.Args().Present():
		return nil, usageError("%q is no flag of %s; see %[2]s --help", cmd.Args().First(), cmd.FullName())
	case len(t.urls) == 0:
		return nil, usageError("--node is missing: name a Redis, as in --node redis://localhost:6379, or set %s", nodesEnv)
	case t.key == "":
		return nil, usageError("--key is missing: name what the lock guards")
	}
	t.cfg.NodeTimeout = cmd.Duration("node-timeout")
	if cmd.IsSet("node-timeout") && t.cfg.NodeTimeout <= 0 {
		return nil, usageError("--node-timeout is %v: it must be above 0", t.cfg.NodeTimeout)
	}
	return t, nil
}

// A connection is a locker over clients of its own.
type connection struct {
	*distlock.Locker
	clients []redis.UniversalClient
}

// connect makes the clients and the locker. It sends nothing yet.
func (t *target) connect() (_ *connection, err error) {
	c := &connection{}
	defer func() {
		if err != nil {
			_ = c.Close()
		}
	}()
	at := make(map[string]int, len(t.urls))
	for i, raw := range t.urls {
		opts, err := parseNode(raw)
		if err != nil {
			return nil, usageError("%s, number %d of %d: %v", t.from, i+1, len(t.urls), err)
		}
		if first, twice := at[opts.Addr]; twice {
			return nil, usageError("%s: numbers %d and %d are one server, %s, which would vote twice; name each independent Redis once",
				t.from, first+1, i+1, opts.Addr)
		}
		at[opts.Addr] = i
		c.clients = append(c.clients, redis.NewClient(opts))
	}
	if len(c.clients) == 1 {
		c.Locker, err = single.New(c.clients[0], t.cfg)
	} else {
		c.Locker, err = redlock.New(c.clients, t.cfg)
	}
	return c, lockError(err)
}

// Close ends background work, within about two seconds, and the clients.
func (c *connection) Close() error {
	var errs []error
	if c.Locker != nil {
		errs = append(errs, c.Locker.Close())
	}
	for _, client := range c.clients {
		errs = append(errs, client.Close())
	}
	return errors.Join(errs...)
}

var errNotURL = errors.New("it is no URL such as redis://localhost:6379; " +
	"in a password, percent-encode whatever is neither letter nor digit")

// parseNode parses one node's URL. Its errors never quote what may be a part of a
// password: one with a '/', '?' or '#' in it that is not encoded ends the host
// part early, and the parser then takes the rest for a port, a path or an option.
func parseNode(raw string) (*redis.Options, error) {
	u, err := url.Parse(raw)
	switch {
	case err != nil, u.Fragment != "", u.Opaque != "":
		return nil, errNotURL
	case u.Scheme != "redis" && u.Scheme != "rediss" && u.Scheme != "unix":
		return nil, errors.New("its scheme is none of redis://, rediss:// and unix://")
	}
	opts, err := redis.ParseURL(raw)
	if err != nil {
		_, afterScheme, _ := strings.Cut(raw, "://")
		if end := strings.IndexAny(afterScheme, "/?#"); end >= 0 && strings.Contains(afterScheme[end:], "@") {
			return nil, errNotURL
		}
		return nil, err // about what follows the credentials
	}
	// A node that refuses a connection has answered; asking again at once, as
	// go-redis does five times, would turn that into a timeout.
	opts.DialerRetries = 1
	opts.DialerRetryTimeout = time.Millisecond
	return opts, nil
}
