package sim

import (
	"fmt"
	"runtime"
	"time"

	"github.com/lilith/distlock/chaos"
)

// Report returns the run as a report, with times of the simulation; nil of nil.
func (r *Result) Report() *chaos.Report {
	if r == nil {
		return nil
	}
	c := &r.Config
	report := &chaos.Report{
		Layer: "simulation", Seed: c.Seed, Command: c.Command(),
		Version: map[string]string{"go": runtime.Version(), "os": runtime.GOOS + "/" + runtime.GOARCH}, Began: time.Now(),
		TTL: c.Library.TTL, Guard: c.Library.RestartGuard,
		Verdict: r.Verdict, Matrix: chaos.Reached(r.History), Counts: chaos.Counts(r.History),
		Latency: chaos.Latencies(r.History), History: r.History,
	}
	for i := range c.Nodes {
		report.Nodes = append(report.Nodes, fmt.Sprintf("node-%d", i+1))
	}
	for i := range c.Clients {
		report.Clients = append(report.Clients, fmt.Sprintf("client-%d", i+1))
	}
	return report
}
