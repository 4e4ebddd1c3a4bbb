package contest

import (
	"context"
	"time"

	"github.com/lilith/distlock/bench/internal/peer"
	"github.com/lilith/distlock/bench/internal/server"
)

// A Workload is something to measure.
type Workload struct {
	Name    string // of the file names and of --only
	Chapter string // of the report; those of one chapter stand together
	Title   string
	Short   string // the title beside others of the chapter
	About   string // what is done, in one or two sentences

	Nodes   int // servers
	Servers server.Options
	Network *server.Network // of a proxy before each server; nil is no proxy
	TTL     time.Duration   // 0 is 10 s
	Pinned  bool            // clients and servers share one core

	Contestants []peer.Contestant
	Lockers     int // that each opens, with clients of their own; 0 is 1

	// Reference is whom ratios are to. "" is nobody, or, where there are phases, the
	// contestant itself in the first.
	Reference string

	// Phases of a round, one after the other, each with a turn of everyone. None is
	// one in which nothing happens. The names stand before the metrics of theirs.
	Phases []Phase

	Metrics []Metric // the first is the one that is drawn
	Measure func(ctx context.Context, e *Entrant, b Budget) (Sample, error)

	Heavy int                          // it gets one round for so many of the budget's; 0 is 1
	Turn  func(b Budget) time.Duration // what a turn takes, about

	Series Point // its place on a curve, if it has one
	Draw   Drawings
}

// A Phase is a part of a round.
type Phase struct {
	Name         string
	Enter, Leave func(a *Arena) error // nil does nothing
}

// A Point is the place of a workload on a curve.
type Point struct {
	Curve, Axis string
	X           float64
}

// Drawings are what is drawn besides bars.
type Drawings struct {
	Latency  bool // the distributions of acquire and release, or of waits
	Timeline bool // who held the lock when
}

// A Metric is one figure of a turn.
type Metric struct {
	Name  string
	Unit  Unit
	Ratio bool // told as a ratio too
	More  bool // more is better
}

// AllPhases returns the phases of a round, of which there is at least one.
func (w *Workload) AllPhases() []Phase {
	if len(w.Phases) == 0 {
		return []Phase{{}}
	}
	return w.Phases
}

func (w *Workload) ttl() time.Duration {
	if w.TTL == 0 {
		return 10 * time.Second
	}
	return w.TTL
}

// In returns the name that a metric has in this phase.
func (p Phase) In(metric string) string {
	if p.Name == "" {
		return metric
	}
	return p.Name + ": " + metric
}

// AllMetrics lists the metrics of all phases, by their names there.
func (w *Workload) AllMetrics() []Metric {
	var all []Metric
	for _, p := range w.AllPhases() {
		for _, m := range w.Metrics {
			m.Name = p.In(m.Name)
			all = append(all, m)
		}
	}
	return all
}
