package chaos

import (
	"slices"
	"time"
)

// A timeline is what the page draws of a history. It is embedded as JSON and must be
// small: all is numbers, times in microseconds, names and texts as indices.
type timeline struct {
	End      int64    `json:"end"`
	TTL      int64    `json:"ttl"`
	Keys     []string `json:"keys"`
	Clients  []string `json:"clients"`
	Nodes    []string `json:"nodes"`
	Kinds    []string `json:"kinds"`
	Outcomes []string `json:"outcomes"`
	Texts    []string `json:"texts"` // "" first

	Leases [][8]int64     `json:"leases"` // key, client, from, to, how it ended, until, fencing token, extensions
	Ops    [][12]int64    `json:"ops"`    // client, kind, key, start, end, outcome, until, fencing, ttl, attempts, value, error
	Faults [][9]int64     `json:"faults"` // row, fault, node, client, start, end, what it breaks, error, whether the node is down
	Marks  []timelineMark `json:"marks"`

	omitted []string // what is not drawn, in words
}

// A timelineMark is a violation or a demonstration.
type timelineMark struct {
	At   int64  `json:"at"`
	Bad  bool   `json:"bad,omitempty"` // a violation
	Name string `json:"name"`
	Text string `json:"text"`
	Key  int64  `json:"key"` // -1 for none
}

// How much is drawn at most: what a browser on a phone still pans smoothly.
const (
	timelineOps    = 50_000
	timelineFaults = 20_000
	timelineMarks  = 500 // violations, and demonstrations
	timelineLanes  = 40  // keys, clients, nodes
)

// severalNodes is the lane of faults that act on no single node or client.
const severalNodes = -1

// newTimeline returns what is drawn of r.
func newTimeline(r *Report) *timeline {
	h := r.history()
	t := &timeline{End: micros(h.Elapsed), TTL: micros(r.TTL), Leases: [][8]int64{}, Ops: [][12]int64{}, Faults: [][9]int64{}, Marks: []timelineMark{}}
	x := newExcerpt(r)
	t.omitted = x.omitted()
	lanes := lanesOf(r)
	t.Keys, t.Clients, t.Nodes = t.fit("keys", lanes.keys), t.fit("clients", lanes.clients), t.fit("nodes", lanes.nodes)
	keys, clients, nodes := indexed(t.Keys), indexed(t.Clients), indexed(t.Nodes)
	kinds, outcomes, texts := indexed(nil), indexed(nil), indexed([]string{""})
	for _, l := range leasesOf(h) {
		if k := keys.of(l.key); k >= 0 && x.keepsLease(&l) {
			t.Leases = append(t.Leases, [8]int64{
				k, clients.of(l.client), micros(l.from), micros(l.to),
				int64(l.how), micros(l.until), l.fencing, int64(l.extended),
			})
		}
	}
	for i := range h.Ops {
		o := &h.Ops[i]
		if c := clients.of(o.Client); c >= 0 && x.ops[i] {
			t.Ops = append(t.Ops, [12]int64{
				c, kinds.add(string(o.Kind)), texts.add(o.Key), micros(o.Start), micros(o.End), outcomes.add(string(o.Outcome)),
				micros(o.Until), o.Fencing, micros(o.TTL), int64(o.Attempts), o.Value, texts.add(o.Err),
			})
		}
	}
	for i := range h.Injections {
		if in := &h.Injections[i]; x.faults[i] {
			t.addFault(in, nodes, clients, texts)
		}
	}
	t.addMarks(&r.Verdict, keys)
	t.Kinds, t.Outcomes, t.Texts = kinds.list, outcomes.list, texts.list
	return t
}

// addFault adds an injection, to the lane of each node that it acts on.
func (t *timeline) addFault(in *Injection, nodes, clients, texts *names) {
	lanes := []int64{severalNodes}
	if in.Node != "" {
		lanes[0] = nodes.of(in.Node)
	} else if len(in.Nodes) > 0 {
		lanes = nil
		for _, n := range in.Nodes {
			lanes = append(lanes, nodes.of(n))
		}
	}
	client := int64(-1)
	if in.Client != "" {
		client = clients.of(in.Client)
	}
	for _, node := range lanes {
		if node < 0 && in.Node != "" || client < 0 && in.Client != "" {
			continue // its lane is not drawn
		}
		t.Faults = append(t.Faults, [9]int64{
			texts.add(in.Row.String()), texts.add(in.Fault), node, client,
			micros(in.Start), micros(in.End), texts.add(string(in.Breaks)), texts.add(in.Err), in.downs(),
		})
	}
}

// downs returns 1 where the node's process was not there.
func (in *Injection) downs() int64 {
	switch in.Row {
	case NodeCrash, CrashMemoryLost, DelayedRestart, OlderData:
		if in.Err == "" {
			return 1
		}
	default:
	}
	return 0
}

func (t *timeline) addMarks(v *Verdict, keys *names) {
	for _, m := range firsts(v.Violations, timelineMarks) {
		t.Marks = append(t.Marks, timelineMark{
			At: micros(m.At), Bad: true, Name: m.Invariant + " violated", Text: m.Text, Key: keys.of(m.Key),
		})
	}
	for _, d := range firsts(v.Demonstrations, timelineMarks) {
		t.Marks = append(t.Marks, timelineMark{
			At: micros(d.At), Name: "Demonstrated: " + d.Assumption.cause(), Text: d.Text, Key: -1,
		})
	}
	slices.SortStableFunc(t.Marks, func(a, b timelineMark) int { return int(min(1, max(-1, a.At-b.At))) })
}

// fit returns as many lanes as are drawn, and notes what is not.
func (t *timeline) fit(what string, all []string) []string {
	if more := len(all) - timelineLanes; more > 0 {
		t.omitted = append(t.omitted, plural(more, "lane")+" of "+what+", those with the least to see")
	}
	return firsts(all, timelineLanes)
}

// names numbers strings in the order in which they come.
type names struct {
	index map[string]int64
	list  []string
}

// indexed returns the names of a list.
func indexed(list []string) *names {
	n := &names{index: make(map[string]int64), list: []string{}}
	for _, s := range list {
		n.add(s)
	}
	return n
}

// of returns the number of s, -1 where it has none.
func (n *names) of(s string) int64 {
	if i, ok := n.index[s]; ok {
		return i
	}
	return -1
}

// add returns the number of s, which it gives it where it has none.
func (n *names) add(s string) int64 {
	i, ok := n.index[s]
	if !ok {
		i = int64(len(n.list))
		n.index[s] = i
		n.list = append(n.list, s)
	}
	return i
}

// firsts returns the first n of a list, or all.
func firsts[T any](list []T, n int) []T { return list[:min(n, len(list))] }

func micros(d time.Duration) int64 { return d.Microseconds() }
