package chaos_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/lilith/distlock/chaos"
)

// sampleReport draws a report of half a minute from a seed: five nodes, six clients,
// two keys, 300 faults; with violations and demonstrations, or without.
func sampleReport(seed uint64, violated bool) *chaos.Report {
	r := rand.New(rand.NewPCG(seed, 1))
	h := &chaos.History{Elapsed: 31_412 * time.Millisecond, Healed: 25_100 * time.Millisecond, Settled: 30 * time.Second}
	report := &chaos.Report{
		Layer: "embedded", Seed: seed, Command: fmt.Sprintf("distlock chaos --seed %d --duration 25s --nodes 5", seed),
		Version: map[string]string{"go": "go1.26.0", "go-redis": "v9.23.0", "miniredis": "v2.40.0", "machine": "linux/amd64, 2 cores"},
		Began:   time.Date(2026, 3, 14, 15, 9, 26, 535_000_000, time.UTC),
		TTL:     800 * time.Millisecond, Guard: 900 * time.Millisecond,
		Unreached: map[string]string{
			"tls": "the nodes were started without TLS", "clock-rate": "miniredis has one rate",
			"noscript/fence": "a resource runs no script on the nodes",
		},
		Counts:  map[string]int{"acquired": 0, "faults": 300, "refused": 812},
		History: h,
	}
	for i := range 5 {
		report.Nodes = append(report.Nodes, fmt.Sprintf("node %d", i))
	}
	for i := range 6 {
		report.Clients = append(report.Clients, fmt.Sprintf("client %d", i))
	}
	sampleFaults(r, h, report)
	for _, key := range []string{"invoices", "stock"} {
		sampleOps(r, h, report, key)
	}
	slices.SortStableFunc(h.Ops, func(a, b chaos.Op) int { return int(a.End - b.End) })
	for i, k := range []chaos.OpKind{chaos.OpAcquire, chaos.OpExtend, chaos.OpRenew, chaos.OpRelease} {
		base := time.Duration(700+400*i) * time.Microsecond
		report.Latency = append(report.Latency,
			chaos.Latency{Kind: k, Count: 1200 / (i + 1), P50: base, P90: 2 * base, P99: 5 * base, Max: 30 * base},
			chaos.Latency{Kind: k, Faulty: true, Count: 2400 / (i + 1), P50: 2 * base, P90: 40 * base, P99: 160 * base, Max: 900 * base})
	}
	report.Matrix = chaos.Reached(h)
	report.Matrix[chaos.NoScript][chaos.FenceColumn] = 0
	if violated {
		sampleFindings(report)
	}
	return report
}

func sampleFaults(r *rand.Rand, h *chaos.History, report *chaos.Report) {
	for i := range 300 {
		row := chaos.Row(r.IntN(len(chaos.Rows())))
		if row == chaos.TLSFailure || row == chaos.ClockRate {
			row = chaos.NodeCrash
		}
		start := time.Duration(r.Int64N(int64(24 * time.Second)))
		in := chaos.Injection{Row: row, Start: start, End: start + time.Duration(r.ExpFloat64()*float64(500*time.Millisecond))}
		switch {
		case row == chaos.ClientPause || row == chaos.HolderCrash:
			in.Client = report.Clients[r.IntN(6)]
			in.Fault = fmt.Sprintf("%v of %s", row, in.Client)
		case i%30 == 0 && row == chaos.Partition:
			in.Nodes = report.Nodes[1:4]
			in.Fault = "partition (both ways) of nodes 1, 2, 3"
		default:
			in.Node = report.Nodes[r.IntN(5)]
			in.Fault = fmt.Sprintf("%v on %s", row, in.Node)
		}
		switch row {
		case chaos.ClockForward:
			in.Breaks = chaos.SoundClocks
		case chaos.CrashMemoryLost, chaos.KeysLost, chaos.OlderData:
			in.Breaks = chaos.KeptMemory
		default:
		}
		h.Injections = append(h.Injections, in)
	}
	slices.SortStableFunc(h.Injections, func(a, b chaos.Injection) int { return int(a.Start - b.Start) })
}

// sampleOps has clients hold a key one after the other, while others wait for it.
func sampleOps(r *rand.Rand, h *chaos.History, report *chaos.Report, key string) {
	ms := func(most int) time.Duration { return time.Duration(r.Int64N(int64(most)*1_000_000) + 200_000) }
	fencing := int64(1_773_500_966_000_000)
	for now := ms(20); now < 30*time.Second; {
		fencing += 1 + r.Int64N(1000)
		token := fmt.Sprintf("%08x-0000-4000-8000-%012x", r.Uint32(), fencing)
		o := chaos.Op{Client: report.Clients[r.IntN(6)], Key: key, Token: token, Fencing: fencing, TTL: 800 * time.Millisecond}
		add := func(kind chaos.OpKind, start, end time.Duration, outcome chaos.Outcome, change func(*chaos.Op)) {
			p := o
			p.Kind, p.Start, p.End, p.Outcome = kind, start, end, outcome
			if change != nil {
				change(&p)
			}
			h.Ops = append(h.Ops, p)
		}
		until := func(t time.Duration) func(*chaos.Op) {
			return func(p *chaos.Op) { p.Until, p.Attempts = t+790*time.Millisecond, 1+r.IntN(3) }
		}
		if r.IntN(3) == 0 { // somebody who does not get it
			outcome := []chaos.Outcome{chaos.Held, chaos.Held, chaos.Unavailable}[r.IntN(3)]
			add(chaos.OpAcquire, now, now+ms(300), outcome, func(p *chaos.Op) {
				p.Client, p.Token, p.Fencing, p.Err = report.Clients[r.IntN(6)], "", 0, "distlock: "+string(outcome)
			})
		}
		granted := now + ms(8)
		add(chaos.OpAcquire, now, granted, chaos.Done, until(now))
		report.Counts["acquired"]++
		end := granted + ms(120)
		add(chaos.OpOpen, granted, granted+ms(2), chaos.Done, nil)
		add(chaos.OpWrite, granted+ms(4), granted+ms(9), chaos.Done, func(p *chaos.Op) { p.Value = fencing % 1000 })
		switch r.IntN(12) {
		case 0:
			end = granted + 300*time.Millisecond
			add(chaos.OpRenew, granted+200*time.Millisecond, end, chaos.Lost, func(p *chaos.Op) { p.Err = "distlock: lost: 3 of 5 nodes" })
			add(chaos.OpWrite, end, end+ms(3), chaos.Stale, nil)
		case 1:
			end = now + 790*time.Millisecond // runs out
			add(chaos.OpSignal, granted, end, chaos.Done, nil)
		case 2:
			for i := range 3 {
				end += 300 * time.Millisecond
				add([]chaos.OpKind{chaos.OpRenew, chaos.OpRenew, chaos.OpExtend}[i], end, end+ms(4), chaos.Done, until(end))
			}
			add(chaos.OpRelease, end+5*time.Millisecond, end+10*time.Millisecond, chaos.Done, nil)
			end += 10 * time.Millisecond
		default:
			add(chaos.OpRelease, end, end+ms(4), chaos.Done, nil)
		}
		now = end + ms(10)
	}
}

// sampleFindings adds two violations, the first an overlap that can be seen, and some
// demonstrations.
func sampleFindings(report *chaos.Report) {
	h := report.History
	first := slices.IndexFunc(h.Ops, func(o chaos.Op) bool {
		return o.Kind == chaos.OpAcquire && o.Outcome == chaos.Done && o.Start > 12*time.Second && o.Client != "client 5"
	})
	o := h.Ops[first]
	o.Client, o.Token, o.Fencing = "client 5", "ffffffff-0000-4000-8000-000000000000", o.Fencing-7
	o.Start, o.End = o.Start+3*time.Millisecond, o.End+15*time.Millisecond
	h.Ops = append(h.Ops, o)
	report.Verdict = chaos.Verdict{Overlaps: 3, StaleWrites: 17, LostUpdates: 5}
	report.Verdict.Violations = []chaos.Violation{
		{
			Invariant: "I1", At: o.End, Key: o.Key, Clients: []string{h.Ops[first].Client, "client 5"},
			Text: fmt.Sprintf("%s and client 5 both held %q from %v on, and no assumption was broken", h.Ops[first].Client, o.Key, o.End),
		},
		{
			Invariant: "I2", At: o.End + 40*time.Microsecond, Key: o.Key, Clients: []string{"client 5"},
			Text: fmt.Sprintf("fencing token %d was given after %d", o.Fencing, h.Ops[first].Fencing),
		},
	}
	for i, a := range []chaos.Assumption{chaos.SoundClocks, chaos.KeptMemory, ""} {
		report.Verdict.Demonstrations = append(report.Verdict.Demonstrations, chaos.Demonstration{
			Assumption: a, At: time.Duration(4+6*i) * time.Second,
			Text: fmt.Sprintf("client %d and client %d held %q at one time; the fence refused the write of the first", i, i+1, "stock"),
		})
	}
}
