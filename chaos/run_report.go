package chaos

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// A watch is what has been seen of a run while it goes on.
type watch struct {
	checked    time.Time
	violations int
}

// violations counts what has been violated so far. It looks once a second, and no more
// once a look takes long; and at what is a few seconds old, as its faults are recorded
// by then.
func (r *campaign) violations() int {
	const every, most = time.Second, 20_000
	if time.Since(r.watched.checked) < every {
		return r.watched.violations
	}
	r.watched.checked = time.Now()
	r.archive.limits.Slack = r.stalls.slack()
	h := r.shared.recorder.History()
	h.Elapsed -= 5 * time.Second
	if len(h.Ops) > most {
		return r.watched.violations
	}
	h.Ops = slices.DeleteFunc(h.Ops, func(o Op) bool {
		// A release counts from its start: the next holder may be known before it returns.
		return o.End > h.Elapsed && (o.Kind != OpRelease || o.Start > h.Elapsed)
	})
	v := Check(h, r.archive.limits)
	r.watched.violations = len(v.Violations) + len(r.archive.verdict.Violations)
	return r.watched.violations
}

// observe tells whoever watches how it goes.
func (r *campaign) observe(phase string, violations int) {
	if r.o.Observe == nil {
		return
	}
	p := Progress{
		Elapsed: r.shared.recorder.Now(), Of: r.o.Duration, Phase: phase, Violations: violations,
		Faults: r.nemesis.Injected(), Active: r.nemesis.Active(), Acquired: r.archive.counts["acquired"],
	}
	if phase == "done" || phase == "checking" {
		p.Violations = max(violations, r.watched.violations)
	}
	if phase != "done" { // else all is in the archive
		p.Acquired = r.acquired()
	}
	r.o.Observe(p)
}

// acquired counts the leases so far, until all is archived.
func (r *campaign) acquired() int {
	n := r.archive.counts["acquired"]
	r.shared.recorder.Amend(func(h *History) {
		for i := range h.Ops {
			if h.Ops[i].Kind == OpAcquire && h.Ops[i].Outcome == Done {
				n++
			}
		}
	})
	return n
}

// report checks what is left to be checked, and tells all.
func (r *campaign) report(stopped string) *Report {
	r.archive.limits.Slack = r.stalls.slack()
	h := r.shared.recorder.History()
	if stopped != "" {
		h.Healed = 0 // nobody waited for life to go on
	}
	present := make(map[string]bool)
	for i := range h.Ops {
		present[h.Ops[i].Key] = true
	}
	h.Erased = slices.DeleteFunc(h.Erased, func(e Erasure) bool { return !present[e.Key] }) // told before
	r.archive.add(h)
	r.watched.violations = len(r.archive.verdict.Violations)
	for what, n := range Counts(&History{Injections: h.Injections}) {
		r.archive.counts[what] += n
	}
	r.archive.counts["faults skipped"] = r.nemesis.Skipped()
	h.Ops = append(r.archive.kept, h.Ops...)
	report := &Report{
		Layer: r.o.layer(), Seed: r.o.Seed, Command: r.o.command(), Version: r.version, Began: r.began,
		Clients: r.clientNames(h), TTL: r.o.TTL, Guard: max(r.o.Guard, 0), Stopped: stopped,
		Verdict: r.archive.verdict, Matrix: &r.archive.matrix, Counts: r.archive.counts,
		Latency: r.archive.latency, History: h,
	}
	for _, n := range r.world.Nodes() {
		report.Nodes = append(report.Nodes, n.Name())
	}
	report.Unreached = r.unreached(report)
	return report
}

// clientNames are those of all lives that there were.
func (r *campaign) clientNames(h *History) []string {
	var names []string
	seen := make(map[string]bool)
	for i := range h.Ops {
		if name := h.Ops[i].Client; !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// unreached tells why each cell that was not reached was not.
func (r *campaign) unreached(report *Report) map[string]string {
	reasons := make(map[string]string)
	unsupported := r.nemesis.Unsupported()
	injected := report.injected()
	kinds := r.o.kinds()
	for _, row := range Rows() {
		why := ""
		switch {
		case !slices.ContainsFunc(kinds, func(k Kind) bool { return k.Row == row }):
			why = "not among the faults to choose from"
		case injected[row] == 0 && unsupported[row] != "":
			why = unsupported[row]
		case injected[row] == 0:
			why = "the plan had none of it in " + r.o.Duration.String() + ", or there was nothing for it to hurt"
		}
		if why != "" {
			reasons[row.String()] = why
			continue
		}
		for _, c := range Columns() {
			if report.Matrix[row][c] == 0 {
				reasons[row.String()+"/"+c.String()] = "it was injected, and no such operation was under way"
			}
		}
	}
	return reasons
}

// versions tells what the run is made with.
func (r *campaign) versions() map[string]string {
	v := map[string]string{
		"go": runtime.Version(), "go-redis": redis.Version(), "os": runtime.GOOS + "/" + runtime.GOARCH,
		"processors": strconv.Itoa(runtime.NumCPU()), "redis": "unknown",
	}
	if r.o.layer() == "embedded" {
		v["redis"] = "miniredis, embedded"
		return v
	}
	ctx, cancel := context.WithTimeout(context.Background(), healWithin)
	defer cancel()
	info, err := r.world.Nodes()[0].Do(ctx, "info", "server")
	if err != nil {
		return v
	}
	for line := range strings.Lines(fmt.Sprint(info)) {
		if version, ok := strings.CutPrefix(strings.TrimSpace(line), "redis_version:"); ok {
			v["redis"] = version
		}
	}
	return v
}
