package chaos

import (
	"errors"
	"sync"
)

// A member is a client of a run.
type member interface {
	Client
	start() error
	stop() error          // in good order; waits
	relock(keys []string) // from now on
}

// A stageSet is a run's world: a cluster and the clients that lock on it.
type stageSet struct {
	*Cluster
	prefix  string
	members []member
}

// Clients implements [World].
func (w *stageSet) Clients() []Client {
	all := make([]Client, len(w.members))
	for i, m := range w.members {
		all[i] = m
	}
	return all
}

// Prefix restricts faults that look for keys.
func (w *stageSet) Prefix() string { return w.prefix }

// newMembers makes the clients; none is started.
func newMembers(o *Options, c *Cluster, s *sharedState) []member {
	members := make([]member, o.Clients)
	for i := range members {
		if o.Processes {
			members[i] = &processClient{shared: s, index: i, urls: c.URLs(), ca: c.CA()}
		} else {
			members[i] = &residentClient{shared: s, index: i, dial: c.Dial, locker: o.locker}
		}
	}
	return members
}

// startAll starts the clients.
func (w *stageSet) startAll() error {
	for _, m := range w.members {
		if err := m.start(); err != nil {
			return err
		}
	}
	return nil
}

// stopAll stops the clients, all at once.
func (w *stageSet) stopAll() error {
	errs := make([]error, len(w.members))
	var stopping sync.WaitGroup
	for i, m := range w.members {
		stopping.Go(func() { errs[i] = m.stop() })
	}
	stopping.Wait()
	return errors.Join(errs...)
}
