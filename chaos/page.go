package chaos

import (
	"cmp"
	"fmt"
	"html/template"
	"slices"
	"strings"
	"time"
)

// A page is what the HTML template shows of a report.
type page struct {
	Policy string
	Style  template.CSS
	Script template.JS
	Data   template.JS

	Verdict, Scope    string
	OK, Empty         bool
	Sum               bool // of many seeds, without a history
	CanSay, CannotSay []string
	Command, Seed     string
	Facts, Counts     []pageFact
	Violations        pageFindings
	Demonstrations    pageFindings
	Omitted           string
	Matrix            pageMatrix
	Latency           pageLatency
	Levels            []Level
	Sightings         []pageSighting
	MoreSightings     int
}

// A pageFact is a term and what it is.
type pageFact struct{ Name, Value string }

// A pageFinding is a violation or a demonstration.
type pageFinding struct {
	Title, Meaning, Text string
	At                   string
	Micros               int64
	Key, Clients         string
}

// pageFindings are what stands there at once, what unfolds, and how many more there are.
type pageFindings struct {
	Class         string // in the style sheet
	First, Folded []pageFinding
	More          int
}

// Next is the number of the first that unfolds.
func (f pageFindings) Next() int { return len(f.First) + 1 }

// folded parts a list, of which all are so many.
func folded(class string, list []pageFinding, all int) pageFindings {
	first := firsts(list, pageUnfolded)
	return pageFindings{Class: class, First: first, Folded: list[len(first):], More: all - len(list)}
}

// A pageSighting is a key that was left on a node.
type pageSighting struct{ Node, Key, Value, TTL, At string }

// pageRows is how many findings, and sightings, the page lists; of findings, all but the
// first few unfold, so that the timeline is not far below them.
const (
	pageRows     = 200
	pageUnfolded = 5
)

// invariantMeans says in a few words what each invariant demands.
var invariantMeans = map[string]string{
	"I1":  "no two holders at one time",
	"I2":  "fencing tokens are unique and rise",
	"I3":  "no stale write is applied, no update lost, behind a resource that checks",
	"I4":  "no key outlives its time",
	"I5":  "a release never touches another's lock",
	"I6":  "an extension never creates, shortens or revives",
	"I7":  "a lease never claims to be valid for longer than the nodes keep it",
	"I8":  "every operation ends in bounded time",
	"I9":  "once faults have healed, somebody acquires",
	"I10": "a lost lease is signalled no later than it ends",
	"I11": "goroutines, timers and connections return to their base line",
	"I12": "an outcome is held, not held or unknown, and errors name node and cause",
	"I13": "no key is without a time to live, tokens stay exact",
}

// newPage returns what is shown of r, but for what WriteHTML puts in itself.
func newPage(r *Report, t *timeline) *page {
	p := &page{
		Verdict: r.verdict(), Scope: r.scope(),
		OK: r.OK(), Empty: r.count("acquired") == 0, Sum: r.Seeds > 0,
		Command: r.Command, Seed: fmt.Sprint(r.Seed),
		Facts: r.pageFacts(), Counts: r.pageCounts(),
		Matrix: newPageMatrix(r), Latency: newPageLatency(r.Latency),
		Levels: r.history().Levels, Omitted: strings.Join(t.omitted, ", and "),
	}
	p.CanSay, p.CannotSay = r.pageLimits()
	var violations, demonstrations []pageFinding
	for _, v := range firsts(r.Verdict.Violations, pageRows) {
		violations = append(violations, pageFinding{
			Title: v.Invariant, Meaning: invariantMeans[v.Invariant], Text: v.Text,
			At: moment(v.At).String(), Micros: micros(v.At), Key: v.Key, Clients: strings.Join(v.Clients, ", "),
		})
	}
	p.Violations = folded("bad", violations, len(r.Verdict.Violations))
	for _, d := range firsts(r.Verdict.Demonstrations, pageRows) {
		demonstrations = append(demonstrations, pageFinding{
			Title: d.Assumption.cause(), Text: d.Text, At: moment(d.At).String(), Micros: micros(d.At),
		})
	}
	p.Demonstrations = folded("demo", demonstrations, len(r.Verdict.Demonstrations))
	for _, s := range firsts(r.history().Sightings, pageRows) {
		ttl := "none"
		if s.TTL >= 0 {
			ttl = brief(s.TTL).String()
		}
		p.Sightings = append(p.Sightings, pageSighting{s.Node, s.Key, s.Value, ttl, moment(s.At).String()})
	}
	p.MoreSightings = len(r.history().Sightings) - len(p.Sightings)
	return p
}

// pageFacts tells where, when and with what the run was made.
func (r *Report) pageFacts() []pageFact {
	h := r.history()
	facts := []pageFact{{"Layer", r.Layer}}
	if r.Seeds > 0 {
		facts = append(facts, pageFact{"Seeds", r.seeds()})
	} else {
		facts = append(facts,
			pageFact{"Nodes", fmt.Sprintf("%d: %s", len(r.Nodes), strings.Join(r.Nodes, ", "))},
			pageFact{"Clients", fmt.Sprintf("%d: %s", len(r.Clients), strings.Join(r.Clients, ", "))},
			pageFact{"Lease", r.TTL.String()},
			pageFact{"Restart guard", r.Guard.String()})
	}
	facts = append(facts, pageFact{"Began", r.Began.Format(time.RFC1123Z)}, pageFact{"Lasted", r.lasted()})
	if h.Healed > 0 {
		facts = append(facts, pageFact{"All healed", "after " + brief(h.Healed).String()})
	}
	var versions []pageFact
	for name, value := range r.Version {
		versions = append(versions, pageFact{name, value})
	}
	slices.SortFunc(versions, func(a, b pageFact) int { return cmp.Compare(a.Name, b.Name) })
	return append(facts, versions...)
}

// pageCounts tells how much was done, and what fencing was good for.
func (r *Report) pageCounts() []pageFact {
	counts := []pageFact{
		{"acquired", fmt.Sprint(r.count("acquired"))},
		{"faults", fmt.Sprint(r.count("faults"))},
		{"operations", fmt.Sprint(r.count("ops"))},
	}
	var more []pageFact
	for name, n := range r.Counts {
		switch {
		case name == "acquired", name == "faults", name == "ops", name == "lost updates":
			continue // told beside these
		case strings.HasPrefix(name, "fault "):
			continue // told in the matrix
		}
		more = append(more, pageFact{name, fmt.Sprint(n)})
	}
	slices.SortFunc(more, func(a, b pageFact) int { return cmp.Compare(a.Name, b.Name) })
	return append(append(counts, more...),
		pageFact{"overlaps while an assumption was broken", fmt.Sprint(r.Verdict.Overlaps)},
		pageFact{"stale writes that the fence refused", fmt.Sprint(r.Verdict.StaleWrites)},
		pageFact{"updates lost where nothing checked", fmt.Sprint(r.Verdict.LostUpdates)})
}

// pageLimits tells what the run can say, and what it cannot.
func (r *Report) pageLimits() (can, cannot []string) {
	n, of := r.reached()
	can = []string{
		fmt.Sprintf("What was recorded, %s under %s, was checked against the invariants of the library.",
			plural(r.count("ops"), "operation"), plural(r.count("faults"), "fault")),
		fmt.Sprintf("%d of the %d cells of the fault matrix were reached: that operation was under way while that fault raged.", n, of),
	}
	cannot = []string{"That there is no error left. A run that finds nothing proves nothing beyond what it reached."}
	switch r.Layer {
	case "embedded":
		cannot = append(cannot, "How real servers, their disks and a real network behave: its nodes were miniredis, in one process with the clients.")
	case "processes":
		cannot = append(cannot, "How separate machines behave: all processes shared one, and the nodes' clocks were moved by moving the expiry of keys.")
	case "servers":
		cannot = append(cannot, "How the servers' own network fails: faults came from proxies before them, and from commands.")
	case "simulation":
		cannot = append(cannot, "How real servers, threads and networks behave: only the library was real, and the rest was simulated on virtual time.")
	}
	cannot = append(cannot, "That leases never overlap while a clock runs ahead, a node forgets or a holder is paused. "+
		"No lock by leases can promise that; it is shown as demonstrated, and only a resource that checks fencing tokens is safe then.")
	return can, cannot
}
