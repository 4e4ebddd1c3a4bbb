package contest

import (
	"context"
	"errors"
	"time"

	"github.com/lilith/distlock/bench/internal/peer"
	"github.com/lilith/distlock/bench/internal/server"
)

// An Arena is the servers of one workload.
type Arena struct {
	Servers  []*server.Server
	Proxies  []*server.Proxy // one for each server, or none
	settings peer.Settings
}

func newArena(w *Workload, b Budget) (*Arena, error) {
	a := &Arena{settings: peer.Settings{TTL: w.ttl(), SocketTimeout: b.SocketTimeout}}
	for range w.Nodes {
		s, err := server.Start(w.Servers)
		if err != nil {
			return nil, errors.Join(err, a.close())
		}
		a.Servers = append(a.Servers, s)
		addr := s.Addr()
		if w.Network != nil {
			p, err := server.NewProxy(addr, *w.Network)
			if err != nil {
				return nil, errors.Join(err, a.close())
			}
			a.Proxies = append(a.Proxies, p)
			addr = p.Addr()
		}
		a.settings.Addrs = append(a.settings.Addrs, addr)
	}
	return a, nil
}

func (a *Arena) close() error {
	var errs error
	for _, p := range a.Proxies {
		errs = errors.Join(errs, p.Close())
	}
	for _, s := range a.Servers {
		errs = errors.Join(errs, s.Close())
	}
	return errs
}

// clear forgets what earlier turns have left.
func (a *Arena) clear(ctx context.Context) error {
	for _, s := range a.Servers {
		if err := s.Clear(ctx); err != nil {
			return err
		}
	}
	return nil
}

// Requests counts what clients have sent to all servers so far, of the given
// commands.
func (a *Arena) Requests(ctx context.Context, sends []string) (int, error) {
	n := 0
	for _, s := range a.Servers {
		calls, err := s.Calls(ctx)
		if err != nil {
			return 0, err
		}
		for _, name := range sends {
			n += calls[name]
		}
	}
	return n, nil
}

// Faults: what happens to the first n servers. The phase before is healthy.

func hung(n int) []Phase {
	return faulty("hung",
		func(a *Arena) error { return eachServer(a, n, (*server.Server).Freeze) },
		func(a *Arena) error { return eachServer(a, n, (*server.Server).Thaw) })
}

func dead(n int) []Phase {
	return faulty("dead",
		func(a *Arena) error {
			return eachServer(a, n, func(s *server.Server) error { s.Kill(); return nil })
		},
		func(a *Arena) error { return eachServer(a, n, (*server.Server).Restart) })
}

func slow(n int, by time.Duration) []Phase {
	return faulty("slow",
		func(a *Arena) error { return eachProxy(a, n, server.Network{Base: by}) },
		func(a *Arena) error { return eachProxy(a, n, server.Network{}) })
}

func faulty(name string, enter, leave func(*Arena) error) []Phase {
	return []Phase{{Name: "healthy"}, {Name: name, Enter: enter, Leave: leave}}
}

func eachServer(a *Arena, n int, do func(*server.Server) error) error {
	var errs error
	for _, s := range a.Servers[:n] {
		errs = errors.Join(errs, do(s))
	}
	return errs
}

func eachProxy(a *Arena, n int, network server.Network) error {
	for _, p := range a.Proxies[:n] {
		p.Set(network)
	}
	return nil
}
