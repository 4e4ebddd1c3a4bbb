package sim

import (
	"fmt"
	"runtime"
	"time"

	"github.com/lilith/distlock/chaos"
)

// unreachable tells which faults no simulation can meet.
func unreachable() map[string]string {
	return map[string]string{chaos.TLSFailure.String(): "a simulated network has no TLS; embedded nodes and processes have"}
}

// Report returns what the runs of a hunt that found nothing add up to, as a report
// without a history.
func (h Hunt) Report(t *Totals) *chaos.Report {
	counts := map[string]int{"ops": t.Ops, "acquired": t.Acquired, "faults": t.Faults}
	for row, n := range t.ByRow {
		counts["fault "+row] = n
	}
	return &chaos.Report{
		Layer: "simulation", Seed: h.From, Seeds: t.Runs, Command: h.Command(), Version: version(), Began: time.Now(),
		Verdict: chaos.Verdict{Overlaps: t.Overlaps, StaleWrites: t.StaleWrites, LostUpdates: t.LostUpdates},
		Matrix:  &t.Matrix, Unreached: unreachable(), Counts: counts,
		History: &chaos.History{Elapsed: t.Virtual},
	}
}

func version() map[string]string {
	return map[string]string{"go": runtime.Version(), "os": runtime.GOOS + "/" + runtime.GOARCH}
}

// Report returns the run as a report, with times of the simulation; nil of nil.
func (r *Result) Report() *chaos.Report {
	if r == nil {
		return nil
	}
	c := &r.Config
	report := &chaos.Report{
		Layer: "simulation", Seed: c.Seed, Command: c.Command(),
		Version: version(), Began: time.Now(),
		TTL: c.Library.TTL, Guard: c.Library.RestartGuard,
		Verdict: r.Verdict, Matrix: chaos.Reached(r.History), Counts: chaos.Counts(r.History),
		Latency: chaos.Latencies(r.History), History: r.History, Unreached: unreachable(),
	}
	for i := range c.Nodes {
		report.Nodes = append(report.Nodes, fmt.Sprintf("node-%d", i+1))
	}
	for i := range c.Clients {
		report.Clients = append(report.Clients, fmt.Sprintf("client-%d", i+1))
	}
	return report
}
