package chaos_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
)

const ms = time.Millisecond

// limits are those of the hand-made histories: leases of 100 ms, no thread late.
var limits = chaos.Limits{LongestTTL: 100 * ms}

// acquired is a lease on k of 100 ms, asked for 1 ms before it was granted.
func acquired(client, token string, at time.Duration, fencing int64) chaos.Op {
	return chaos.Op{
		Client: client, Kind: chaos.OpAcquire, Key: "k", Start: at - ms, End: at, Outcome: chaos.Done,
		Token: token, Fencing: fencing, TTL: 100 * ms, Until: at + 96*ms, Attempts: 1,
	}
}

// handed is an acquisition b of another worker of c1, which has waited from the beginning
// and was handed the lock at 50 ms.
func handed(fencing int64) chaos.Op {
	o := acquired("c1", "b", 50*ms, fencing)
	o.Start, o.Worker, o.Attempts = 0, 2, 5
	return o
}

// did is what a client did under a lease, in 1 ms.
func did(kind chaos.OpKind, client, token string, at time.Duration, outcome chaos.Outcome) chaos.Op {
	return chaos.Op{
		Client: client, Kind: kind, Key: "k", Start: at, End: at + ms, Outcome: outcome, Token: token,
	}
}

// extended is an extension of lease a.
func extended(client string, at time.Duration) chaos.Op {
	o := did(chaos.OpExtend, client, "a", at, chaos.Done)
	o.TTL, o.Until = 100*ms, at+97*ms
	return o
}

// released is a release of lease a, c1's.
func released(at time.Duration) chaos.Op {
	return did(chaos.OpRelease, "c1", "a", at, chaos.Done)
}

func fault(row chaos.Row, breaks chaos.Assumption, start, end time.Duration) chaos.Injection {
	return chaos.Injection{Row: row, Fault: row.String(), Node: "node-1", Breaks: breaks, Start: start, End: end}
}

func paused(client string, start, end time.Duration) chaos.Injection {
	return chaos.Injection{Row: chaos.ClientPause, Fault: "pause", Client: client, Start: start, End: end}
}

func history(parts ...any) *chaos.History {
	h := &chaos.History{Elapsed: time.Hour}
	for _, p := range parts {
		switch p := p.(type) {
		case chaos.Op:
			h.Ops = append(h.Ops, p)
		case chaos.Injection:
			h.Injections = append(h.Injections, p)
		case chaos.Sighting:
			h.Sightings = append(h.Sightings, p)
		case chaos.Level:
			h.Levels = append(h.Levels, p)
		case chaos.Erasure:
			h.Erased = append(h.Erased, p)
		default:
			panic(fmt.Sprintf("no part of a history: %T", p))
		}
	}
	return h
}

// with returns o changed.
func with(o chaos.Op, change func(*chaos.Op)) chaos.Op {
	change(&o)
	return o
}

// broken are the invariants that do not hold, each once.
func broken(v chaos.Verdict) []string {
	var names []string
	seen := make(map[string]bool)
	for _, x := range v.Violations {
		if !seen[x.Invariant] {
			seen[x.Invariant] = true
			names = append(names, x.Invariant)
		}
	}
	return names
}

// A judgement is a history and the one invariant that it violates, "" for none.
type judgement struct {
	name string
	want string
	h    *chaos.History
}

// judge checks each history against its judgement. It must name one violation, and no
// other.
func judge(t *testing.T, l chaos.Limits, all []judgement) {
	t.Helper()
	for _, j := range all {
		t.Run(j.name, func(t *testing.T) {
			v := chaos.Check(j.h, l)
			if j.want == "" {
				require.Empty(t, v.Violations)
				return
			}
			require.Equal(t, []string{j.want}, broken(v), "%+v", v.Violations)
			require.Len(t, v.Violations, 1)
			require.NotContains(t, v.Violations[0].Text, "%!")
			require.Equal(t, v, chaos.Check(j.h, l), "the same history, the same verdict")
		})
	}
}

func TestTheEmptyHistoryViolatesNothing(t *testing.T) {
	require.Equal(t, chaos.Verdict{}, chaos.Check(&chaos.History{}, chaos.Limits{}))
}

func TestViolationsAreListedInOrderAndCutShort(t *testing.T) {
	h := history()
	for i := range 150 {
		h.Ops = append(h.Ops, with(acquired("c", fmt.Sprint(i), time.Duration(1000-i)*time.Second, int64(1000-i)), func(o *chaos.Op) {
			o.Bound, o.Start = ms, o.End-2*ms
		}))
	}
	v := chaos.Check(h, limits)
	require.Len(t, v.Violations, 101)
	require.Equal(t, 851*time.Second, v.Violations[0].At)
	require.Equal(t, "and 50 more times", v.Violations[100].Text)
	require.Equal(t, []string{"I8"}, broken(v))
}
