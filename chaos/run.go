package chaos

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// Run starts nodes and clients, injects faults while the clients contend for locks and
// work under them, heals everything, lets the clients go on for a few seconds, and
// checks what happened. It takes Options.Duration and some ten seconds.
//
// Where ctx ends it injects no more, heals, stops the clients and reports what it has,
// with Report.Stopped. An error tells that the run could not be made or not be seen to
// its end; the report is nil where there is nothing to tell of. What the run found is
// no error: see Report.Verdict.
//
// A run needs no more room the longer it lasts, but for about 200 bytes for each fault:
// every five minutes the clients turn to new keys, and what happened under the old ones
// is checked and dropped, but for what violated something. Report.History has the
// operations of the last five to ten minutes then, and Report.Latency's percentiles are
// means of those of each part.
func Run(ctx context.Context, o Options) (*Report, error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	r, err := newCampaign(o)
	if err != nil {
		return nil, err
	}
	r.observe("starting", 0)
	stopped, err := r.rage(ctx)
	err = errors.Join(err, r.finish(ctx, stopped))
	r.stalls.stop()
	r.observe("checking", 0)
	report := r.report(stopped)
	err = errors.Join(err, r.world.Close())
	r.observe("done", 0)
	return report, err
}

// A campaign is one run of Run.
type campaign struct {
	o       Options
	began   time.Time
	world   *stageSet
	shared  *sharedState
	nemesis Nemesis
	archive archive
	before  map[string]int // connections
	version map[string]string
	plan    []Planned
	watched watch
	stalls  *stallMeter
}

// runs counts the runs of this process, to tell their goroutines apart.
var runs atomic.Int64

func newCampaign(o Options) (*campaign, error) {
	library, err := o.library()
	if err != nil {
		return nil, err
	}
	c, err := o.cluster()
	if err != nil {
		return nil, err
	}
	shared := &sharedState{
		recorder: NewRecorder(), label: strconv.FormatInt(runs.Add(1), 10), keys: o.keys(0),
		habits: habits{Seed: o.Seed, Config: library, Margin: margin},
	}
	r := &campaign{
		o: o, began: time.Now(), shared: shared,
		world:   &stageSet{Cluster: c, prefix: o.prefix(), members: newMembers(&o, c, shared)},
		archive: archive{limits: o.limits(library)},
		plan:    Plan(o.Seed, o.kinds(), o.Nodes, o.Clients, o.TTL, o.Duration),
	}
	r.version = r.versions()
	r.stalls = newStallMeter()
	return r, nil
}

// rage has clients work while faults rage, and goes on until life has shown itself
// after them. It returns why it ended early, if it did.
func (r *campaign) rage(ctx context.Context) (stopped string, err error) {
	if r.before, err = r.world.Connections(ctx); err != nil {
		return err.Error(), err
	}
	if err := r.world.startAll(); err != nil {
		return err.Error(), err
	}
	r.warmUp(ctx)
	over := make(chan error, 1)
	go func() { over <- r.nemesis.Run(ctx, r.plan, r.world, r.shared.recorder) }() // waited for below
	if err = r.follow(over); err == nil {
		r.live(ctx)
	}
	switch {
	case err != nil:
		return err.Error(), err
	case ctx.Err() != nil:
		return "interrupted: " + context.Cause(ctx).Error(), nil
	}
	return "", nil
}

// warmUp waits for the first lease: nodes that have just been started do not vote yet
// where there is a restart guard.
func (r *campaign) warmUp(ctx context.Context) {
	deadline := r.shared.recorder.Now() + r.archive.limits.LiveWithin
	for ctx.Err() == nil && r.shared.recorder.Now() < deadline {
		if len(r.acquiredSince(0)) > 0 {
			return
		}
		r.observe("starting", 0)
		sleep(ctx, observeEvery/4)
	}
}

// acquiredSince returns the keys that were acquired since then.
func (r *campaign) acquiredSince(since time.Duration) map[string]bool {
	keys := make(map[string]bool)
	r.shared.recorder.Amend(func(h *History) {
		for i := range h.Ops {
			if o := &h.Ops[i]; o.Kind == OpAcquire && o.Outcome == Done && o.End >= since {
				keys[o.Key] = true
			}
		}
	})
	return keys
}

// follow observes, and turns epochs, until the nemesis is done.
func (r *campaign) follow(over <-chan error) error {
	tick := time.NewTicker(observeEvery)
	defer tick.Stop()
	var e epochs
	for {
		select {
		case err := <-over:
			return err
		case <-tick.C:
			r.observe("faults", r.violations())
			e.turn(r)
		}
	}
}

// observeEvery is how often Options.Observe is called.
const observeEvery = 200 * time.Millisecond

// live waits, now that all is healed, until each key has been acquired again, or for as
// long as that may take at most: longer where the machine is so busy that sound nodes do
// not answer in time. On such a machine it also goes on, for as long again as faults
// raged, until so much has happened that what is wrong with a lock has shown.
func (r *campaign) live(ctx context.Context) {
	recorder, limits := r.shared.recorder, &r.archive.limits
	healed := recorder.Now()
	for ctx.Err() == nil {
		r.observe("settling", r.violations())
		since := recorder.Now() - healed
		if len(r.acquiredSince(healed)) >= r.o.Keys && since >= r.o.TTL*2 {
			if since >= r.o.Duration || r.acquired() >= min(int(4*r.o.Duration.Seconds()), telling) {
				return
			}
		} else if since > limits.LiveWithin+slack {
			if r.stalls.slack() == slack || since > busyFor {
				return
			}
			limits.LiveWithin = since
		}
		sleep(ctx, observeEvery)
	}
}

// telling is how many leases a usual run wants to have seen: some thousand come by on an
// idle machine.
const telling = 100

// busyFor bounds how long a run waits for a busy machine.
const busyFor = time.Minute

// finish stops the clients and takes stock of what is left: of keys, once they have had
// time to expire, of goroutines, and of connections. A run that ended early only stops.
func (r *campaign) finish(ctx context.Context, stopped string) error {
	err := r.world.stopAll()
	ctx = context.WithoutCancel(ctx)
	r.observe("settling", r.violations())
	r.shared.recorder.Amend(func(h *History) { h.Erased = r.shared.ledger.Erased() })
	if stopped != "" || err != nil {
		return errors.Join(err, r.sweep(ctx))
	}
	sightings, err := r.settle(ctx)
	if err != nil {
		return err
	}
	levels, err := r.shared.levels(ctx, r.world.Cluster, r.before)
	r.shared.recorder.Amend(func(h *History) {
		h.Sightings, h.Levels = sightings, levels
		if len(sightings) > 0 {
			h.Settled = sightings[0].At
		}
	})
	return errors.Join(err, r.sweep(ctx))
}

// settle waits until no lock is left, or as long as one may last, and returns what keys
// are left then.
func (r *campaign) settle(ctx context.Context) ([]Sighting, error) {
	recorder := r.shared.recorder
	// A clock that ran at half its rate, or was set back, makes keys last so long.
	deadline := recorder.Now() + 2*longest(r.o.TTL) + r.o.TTL*3/2 + slack
	for {
		now := recorder.Now()
		found, err := r.world.Sightings(ctx, r.world.prefix, now)
		if err != nil {
			return nil, err
		}
		locks := 0
		for _, s := range found {
			if !strings.HasPrefix(s.Key, "{") {
				locks++
			}
		}
		if locks == 0 || now >= deadline {
			return found, nil
		}
		sleep(ctx, 20*time.Millisecond)
	}
}

// sweep deletes what the run has left on servers that outlive it.
func (r *campaign) sweep(ctx context.Context) error {
	if len(r.o.URLs) == 0 {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, healWithin)
	defer cancel()
	var errs []error
	for _, n := range r.world.Nodes() {
		k, err := keysOf(ctx, r.world, n)
		for _, key := range k.all {
			if err == nil {
				_, err = n.Do(ctx, "del", key)
			}
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("chaos: keys named %s* may be left: %w", r.world.prefix, err))
		}
	}
	return errors.Join(errs...)
}
