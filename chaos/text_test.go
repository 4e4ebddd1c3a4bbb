package chaos_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
)

// smallReport is a report whose text is known.
func smallReport() *chaos.Report {
	m := new(chaos.Matrix)
	for _, row := range chaos.Rows() {
		for _, c := range chaos.Columns() {
			m[row][c] = 3
		}
	}
	m[chaos.TLSFailure] = [6]int{}
	m[chaos.NoScript][chaos.FenceColumn] = 0
	m[chaos.NodeCrash][chaos.ExtendColumn] = 0
	return &chaos.Report{
		Layer: "embedded", Seed: 42, Command: "distlock chaos --seed 42", TTL: 800 * time.Millisecond, Guard: time.Second,
		Nodes: []string{"n0", "n1", "n2"}, Clients: []string{"c0"}, Matrix: m,
		Unreached: map[string]string{"tls": "no TLS here", "noscript/fence": "runs no script"},
		Counts:    map[string]int{"acquired": 1234, "faults": 2},
		Latency: []chaos.Latency{
			{Kind: chaos.OpAcquire, Count: 9, P50: 1234567, P99: 98765432, Max: 1234567890},
			{Kind: chaos.OpAcquire, Faulty: true, Count: 9, P50: 2 * time.Millisecond, P99: 3 * time.Second, Max: 4 * time.Second},
			{Kind: chaos.OpRelease, Faulty: true, Count: 1, P50: 700, P99: 700, Max: 700},
		},
		History: &chaos.History{
			Ops:        []chaos.Op{{Client: "c0", Kind: chaos.OpAcquire, Outcome: chaos.Done}},
			Injections: []chaos.Injection{{Row: chaos.SlowNode}, {Row: chaos.NodeCrash}, {Row: chaos.TLSFailure, Err: "no"}},
			Elapsed:    30123 * time.Millisecond,
		},
	}
}

const textWithout = `No violation found
  embedded: 3 nodes, 1 client, lease 800ms, guard 1s, 30.1s
  1234 acquisitions, 1 operation, 2 faults
  faults: crash 1, slow 1
  0 overlaps while an assumption was broken, 0 stale writes refused, 0 lost updates without a fence
Matrix: 136 of 144 cells reached, not:
  crash/extend: injected, but not met in this run
  noscript/fence: runs no script
  tls: no TLS here
Latency, p50 / p99 / longest:
            without faults            while a fault raged
  acquire   1.23ms / 98.8ms / 1.23s   2ms / 3s / 4s
  release   -                         700ns / 700ns / 700ns
Seed 42. To repeat:
  distlock chaos --seed 42
`

const textWith = `1 violation
  ended early: interrupted
  embedded: 3 nodes, 1 client, lease 800ms, guard 1s, 30.1s
  1234 acquisitions, 1 operation, 2 faults
  faults: crash 1, slow 1
  1 overlap while an assumption was broken, 2 stale writes refused, 0 lost updates without a fence
Violations:
  I1 at 12.346s, key "jobs", by c0 and c1:
    both held it
Demonstrated, as no lease can prevent it:
  clock that ran ahead at 1.5ms: seen
  node that forgot at 2s: seen
  paused holder at 3s: seen
`

func TestTheTextOfARunWithoutViolations(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, smallReport().WriteText(&b))
	require.Equal(t, textWithout, b.String())
	require.Equal(t, "No violation found: 1234 acquisitions, 2 faults, 136 of 144 cells reached, seed 42, 30.1s", smallReport().Summary())
}

func TestTheTextOfARunWithAViolationTellsItFirst(t *testing.T) {
	r := smallReport()
	r.Stopped = "interrupted"
	r.Verdict = chaos.Verdict{
		Overlaps: 1, StaleWrites: 2,
		Violations: []chaos.Violation{{Invariant: "I1", Text: "both held it", At: 12345678 * time.Microsecond, Clients: []string{"c0", "c1"}, Key: "jobs"}},
		Demonstrations: []chaos.Demonstration{
			{Assumption: chaos.SoundClocks, Text: "seen", At: 1500 * time.Microsecond},
			{Assumption: chaos.KeptMemory, Text: "seen", At: 2 * time.Second},
			{Text: "seen", At: 3 * time.Second},
		},
	}
	var b bytes.Buffer
	require.NoError(t, r.WriteText(&b))
	_, rest, _ := strings.Cut(textWithout, "Matrix:")
	require.Equal(t, textWith+"Matrix:"+rest, b.String())
	require.Equal(t, "1 violation: 1234 acquisitions, 2 faults, 136 of 144 cells reached, seed 42, 30.1s, ended early: interrupted", r.Summary())
}

func TestTheTextStaysShortWhateverHappened(t *testing.T) {
	r := sampleReport(5, true)
	for i := range 1000 {
		r.Verdict.Violations = append(r.Verdict.Violations, r.Verdict.Violations[i%2])
		r.Verdict.Demonstrations = append(r.Verdict.Demonstrations, r.Verdict.Demonstrations[i%3])
	}
	for _, row := range chaos.Rows() {
		r.Matrix[row] = [6]int{}
		r.Unreached[row.String()] = "reason of its own: " + row.String()
	}
	var b bytes.Buffer
	require.NoError(t, r.WriteText(&b))
	require.LessOrEqual(t, strings.Count(b.String(), "\n"), 45)
	require.Contains(t, b.String(), "1002 violations\n")
	require.Contains(t, b.String(), "… and 997 more\n")
	require.Contains(t, b.String(), "… for 18 more reasons\n")
	require.Contains(t, b.String(), r.Command)
}

func TestTheTextCannotControlATerminal(t *testing.T) {
	const evil = "\x1b[2Jno\x07 violation\r\nNo violation found\u202e\u009b\xff"
	r := smallReport()
	r.Stopped, r.Command, r.Layer = evil, evil, evil
	r.Unreached["tls"] = evil
	r.Verdict.Violations = []chaos.Violation{{Invariant: evil, Text: evil, Key: evil, Clients: []string{evil}}}
	r.Verdict.Demonstrations = []chaos.Demonstration{{Assumption: evil, Text: evil}}
	r.Latency[0].Kind = evil
	var b bytes.Buffer
	require.NoError(t, r.WriteText(&b))
	for _, text := range []string{b.String(), r.Summary()} {
		require.NotContains(t, text, "\x1b")
		require.NotContains(t, text, "\r")
		require.NotContains(t, text, "\a")
		require.NotContains(t, text, "\u202e")
		require.NotContains(t, text, "\u009b")
		require.NotContains(t, text, "\nNo violation found")
		require.Equal(t, strings.ToValidUTF8(text, ""), text)
	}
	require.True(t, strings.HasPrefix(b.String(), "1 violation\n"))
}

func TestARunThatAcquiredNothingSaysSo(t *testing.T) {
	r := smallReport()
	r.Counts["acquired"] = 0
	var b bytes.Buffer
	require.NoError(t, r.WriteText(&b))
	require.Contains(t, b.String(), "no lease was ever acquired")
	b.Reset()
	require.NoError(t, r.WriteHTML(&b))
	require.Contains(t, b.String(), "No lease was ever acquired")
	b.Reset()
	require.NoError(t, (&chaos.Report{}).WriteText(&b), "a report with nothing in it")
	require.NoError(t, (&chaos.Report{}).WriteHTML(&b))
}
