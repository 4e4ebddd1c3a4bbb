package chaos

// Counts returns how often what happened, in the words of a report: "ops", "acquired",
// "refused" and the other ways in which acquisitions ended; "extended", "renewed",
// "released", "signals"; "lost", by leases; "opens", "writes", "stale opens refused",
// "stale writes refused", "adds", "lost updates"; "faults", those that could not be
// injected as "faults failed", and "fault " with each row's name. What never happened is
// left out.
func Counts(h *History) map[string]int {
	counts := make(map[string]int)
	lost := make(map[string]bool)
	for i := range h.Ops {
		o := &h.Ops[i]
		counts["ops"]++
		if what := o.count(); what != "" {
			counts[what]++
		}
		if o.Outcome == Lost && !lost[o.Token] {
			lost[o.Token] = true
			counts["lost"]++
		}
	}
	for i := range h.Injections {
		in := &h.Injections[i]
		if in.Err != "" {
			counts["faults failed"]++
			continue
		}
		counts["faults"]++
		counts["fault "+in.Row.String()]++
	}
	if n := len(h.Erased); n > 0 {
		counts["lost updates"] = n
	}
	return counts
}

// countNames are for what ended well.
var countNames = map[OpKind]string{
	OpAcquire: "acquired", OpExtend: "extended", OpRenew: "renewed", OpRelease: "released",
	OpSignal: "signals", OpOpen: "opens", OpWrite: "writes", OpAdd: "adds",
}

// count is what the operation counts as, "" for nothing but an operation.
func (o *Op) count() string {
	switch {
	case o.Outcome == Done, o.Kind == OpSignal: // whatever the lease's end was
		return countNames[o.Kind]
	case o.Kind == OpAcquire && o.Outcome == Held:
		return "refused"
	case o.Kind == OpAcquire:
		return string(o.Outcome) // "unavailable", "rejected", ...
	case o.Kind == OpWrite && o.Outcome == Stale:
		return "stale writes refused"
	case o.Kind == OpOpen && o.Outcome == Stale:
		return "stale opens refused"
	default:
		return ""
	}
}
