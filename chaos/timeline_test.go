package chaos_test

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
)

// drawn is what a page's script is given.
type drawn struct {
	End                                          int64
	Keys, Clients, Nodes, Kinds, Outcomes, Texts []string
	Leases                                       [][8]int64
	Ops                                          [][12]int64
	Faults                                       [][9]int64
	Marks                                        []struct {
		At   int64
		Bad  bool
		Name string
	}
}

func timelineOf(t *testing.T, page string) drawn {
	t.Helper()
	found := regexp.MustCompile(`(?s)<script type="application/json" id="data">(.*?)</script>`).FindStringSubmatch(page)
	require.NotNil(t, found)
	var d drawn
	require.NoError(t, json.Unmarshal([]byte(found[1]), &d))
	return d
}

const milli = time.Millisecond

// granted is an acquisition that succeeded.
func granted(client, token string, fencing int64, start, end, until time.Duration) chaos.Op {
	return chaos.Op{Client: client, Kind: chaos.OpAcquire, Key: "k", Start: start, End: end, Outcome: chaos.Done, Token: token, Fencing: fencing, Until: until}
}

func TestALeaseIsDrawnFromItsGrantToWhateverEndedIt(t *testing.T) {
	follow := func(o chaos.Op, kind chaos.OpKind, start, end time.Duration, outcome chaos.Outcome, until time.Duration) chaos.Op {
		o.Kind, o.Start, o.End, o.Outcome, o.Until = kind, start, end, outcome, until
		return o
	}
	const released, ranOut, lost, signalled, atEnd = 0, 1, 2, 3, 4
	first := granted("a", "t1", 1, 0, 10*milli, 100*milli)
	unnamed := granted("a", "", 7, 0, 10*milli, 100*milli)
	for name, c := range map[string]struct {
		ops      []chaos.Op
		to       time.Duration
		how      int64
		until    time.Duration
		extended int64
	}{
		"ran out":               {[]chaos.Op{first}, 100 * milli, ranOut, 100 * milli, 0},
		"released":              {[]chaos.Op{first, follow(first, chaos.OpRelease, 30*milli, 40*milli, chaos.Done, 0)}, 30 * milli, released, 100 * milli, 0},
		"released in vain":      {[]chaos.Op{first, follow(first, chaos.OpRelease, 30*milli, 40*milli, chaos.Unavailable, 0)}, 30 * milli, released, 100 * milli, 0},
		"released too late":     {[]chaos.Op{first, follow(first, chaos.OpRelease, 300*milli, 340*milli, chaos.Lost, 0)}, 100 * milli, ranOut, 100 * milli, 0},
		"extended":              {[]chaos.Op{first, follow(first, chaos.OpExtend, 50*milli, 60*milli, chaos.Done, 150*milli)}, 150 * milli, ranOut, 150 * milli, 1},
		"renewed, then lost":    {[]chaos.Op{first, follow(first, chaos.OpRenew, 50*milli, 60*milli, chaos.Done, 150*milli), follow(first, chaos.OpRenew, 100*milli, 120*milli, chaos.Lost, 0)}, 120 * milli, lost, 150 * milli, 1},
		"recorded backwards":    {[]chaos.Op{follow(first, chaos.OpRelease, 130*milli, 140*milli, chaos.Done, 0), follow(first, chaos.OpRenew, 50*milli, 60*milli, chaos.Done, 150*milli), first}, 130 * milli, released, 150 * milli, 1},
		"signalled":             {[]chaos.Op{first, follow(first, chaos.OpSignal, 10*milli, 70*milli, chaos.Done, 100*milli)}, 70 * milli, signalled, 100 * milli, 0},
		"another's release":     {[]chaos.Op{first, follow(granted("b", "t2", 2, 0, 0, 0), chaos.OpRelease, 30*milli, 40*milli, chaos.Done, 0)}, 100 * milli, ranOut, 100 * milli, 0},
		"held at the end":       {[]chaos.Op{granted("a", "t1", 1, 0, 10*milli, 9000*milli)}, 500 * milli, atEnd, 9000 * milli, 0},
		"without a token":       {[]chaos.Op{unnamed, follow(unnamed, chaos.OpRelease, 20*milli, 40*milli, chaos.Done, 0)}, 20 * milli, released, 100 * milli, 0},
		"granted after its end": {[]chaos.Op{granted("a", "t1", 1, 0, 110*milli, 100*milli)}, 110 * milli, ranOut, 100 * milli, 0},
	} {
		t.Run(name, func(t *testing.T) {
			r := &chaos.Report{History: &chaos.History{Ops: c.ops, Elapsed: 500 * milli}}
			d := timelineOf(t, pageOf(t, r))
			require.Len(t, d.Leases, 1)
			l := d.Leases[0]
			acquired := c.ops[slices.IndexFunc(c.ops, func(o chaos.Op) bool { return o.Kind == chaos.OpAcquire })]
			require.Equal(t, [8]int64{0, 0, acquired.End.Microseconds(), c.to.Microseconds(), c.how, c.until.Microseconds(), acquired.Fencing, c.extended}, l)
		})
	}
}

func TestAFaultHasALaneForWhateverItActsOn(t *testing.T) {
	r := &chaos.Report{
		Nodes: []string{"n0", "n1", "n2"}, Clients: []string{"c0"},
		History: &chaos.History{Elapsed: time.Second, Injections: []chaos.Injection{
			{Row: chaos.NodeCrash, Fault: "crash", Node: "n1", Start: milli, End: 2 * milli},
			{Row: chaos.Partition, Fault: "cut", Nodes: []string{"n0", "n2"}, Start: milli, End: 2 * milli},
			{Row: chaos.ClientPause, Fault: "pause", Client: "c0", Start: milli, End: 2 * milli},
			{Row: chaos.CrashMemoryLost, Fault: "not that", Node: "n0", Err: "unsupported"},
			{Row: chaos.SlowNode, Fault: "everywhere", Start: milli, End: 2 * milli},
			{Row: chaos.SlowNode, Fault: "elsewhere", Node: "n9", Start: milli, End: 2 * milli},
		}},
	}
	d := timelineOf(t, pageOf(t, r))
	require.Equal(t, []string{"n0", "n1", "n2", "n9"}, d.Nodes, "one that the report does not name is drawn too")
	type lane struct {
		fault        string
		node, client int64
		down         int64
	}
	var lanes []lane
	for _, f := range d.Faults {
		lanes = append(lanes, lane{d.Texts[f[1]], f[2], f[3], f[8]})
	}
	require.Equal(t, []lane{
		{"crash", 1, -1, 1},
		{"cut", 0, -1, 0},
		{"cut", 2, -1, 0},
		{"pause", -1, 0, 0},
		{"not that", 0, -1, 0},
		{"everywhere", -1, -1, 0},
		{"elsewhere", 3, -1, 0},
	}, lanes)
}

func TestALongHistoryIsDrawnAroundWhatWasFoundAndInAnEvenSample(t *testing.T) {
	const seconds, each = 1000, 70 // operations a second
	r := &chaos.Report{TTL: 100 * milli, History: &chaos.History{Elapsed: seconds * time.Second}}
	for i := range seconds * each {
		at := time.Duration(i) * time.Second / each
		r.History.Ops = append(r.History.Ops, granted("a", fmt.Sprint(i), int64(i), at, at+milli, at+2*milli))
		r.History.Injections = append(r.History.Injections, chaos.Injection{Row: chaos.SlowNode, Node: "n0", Start: at, End: at + milli})
	}
	r.Verdict.Violations = []chaos.Violation{{Invariant: "I1", Text: "x", At: 500 * time.Second, Key: "k"}}
	r.Verdict.Demonstrations = []chaos.Demonstration{{Text: "y", At: 250 * time.Second}}
	page := pageOf(t, r)
	require.Contains(t, textIn(section(t, page, "timeline")), "Not drawn: 20000 of 70000 operations, and 50000 of 70000 faults.")
	d := timelineOf(t, page)
	require.Len(t, d.Ops, 50_000)
	require.Len(t, d.Faults, 20_000)
	perSecond, faultsPerSecond := make(map[int64]int), make(map[int64]int)
	for _, o := range d.Ops {
		perSecond[o[3]/1e6]++
	}
	for _, f := range d.Faults {
		faultsPerSecond[f[4]/1e6]++
	}
	for _, found := range []int64{249, 250, 499, 500} { // a second before, and one after
		require.Equal(t, each, perSecond[found])
		require.Equal(t, each, faultsPerSecond[found])
	}
	for _, other := range []int64{3, 300, 997} {
		require.InDelta(t, each*5/7, perSecond[other], 2)
		require.InDelta(t, each*2/7, faultsPerSecond[other], 2)
	}
	require.GreaterOrEqual(t, len(d.Leases), len(d.Ops))
	require.NotContains(t, pageOf(t, sampleReport(1, true)), "Drawn in part")
}

func TestAViolationIsDrawnHoweverMuchHappenedAtThatMoment(t *testing.T) {
	r := &chaos.Report{TTL: time.Second, History: &chaos.History{Elapsed: 100 * time.Second}}
	for i := range 100_000 { // all within two seconds
		at := 50*time.Second + time.Duration(i)*20*time.Microsecond
		r.History.Ops = append(r.History.Ops, granted("a", fmt.Sprint(i), int64(i), at, at+time.Microsecond, at+2*time.Microsecond))
	}
	r.Verdict.Violations = []chaos.Violation{{At: 51 * time.Second, Key: "k"}}
	near := 0
	for _, o := range timelineOf(t, pageOf(t, r)).Ops {
		if o[3] >= 50_990_000 && o[3] <= 51_010_000 {
			near++
		}
	}
	require.InDelta(t, 1000, near, 1)
}

func TestOnlySoManyLanesAreDrawnAndThoseOfViolationsAreAmongThem(t *testing.T) {
	r := &chaos.Report{History: &chaos.History{Elapsed: time.Second}}
	for i := range 100 {
		o := granted("a", fmt.Sprint(i), int64(i), milli, 2*milli, 3*milli)
		o.Key = fmt.Sprintf("key-%d", i)
		r.History.Ops = append(r.History.Ops, o)
	}
	r.Verdict.Violations = []chaos.Violation{{At: milli, Key: "key-99"}}
	page := pageOf(t, r)
	d := timelineOf(t, page)
	require.Len(t, d.Keys, 40)
	require.Equal(t, "key-99", d.Keys[0])
	require.Contains(t, page, "60 lanes of keys")
}

func TestMarksAreInTheOrderOfTime(t *testing.T) {
	d := timelineOf(t, pageOf(t, sampleReport(2, true)))
	require.Len(t, d.Marks, 5)
	require.True(t, slices.IsSortedFunc(d.Marks, func(a, b struct {
		At   int64
		Bad  bool
		Name string
	},
	) int {
		return int(a.At - b.At)
	}))
	require.Equal(t, "Demonstrated: clock that ran ahead", d.Marks[0].Name)
	bad := 0
	for _, m := range d.Marks {
		if m.Bad {
			bad++
		}
	}
	require.Equal(t, 2, bad)
}
