package main

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
)

// statusOf returns what status tells of the key, as JSON and as text.
func statusOf(t *testing.T, nodes ...*miniredis.Miniredis) (report map[string]any, text, stderr string) {
	t.Helper()
	code, stdout, stderr := inProcess(args("status", flags(nodes), "--json")...)
	require.Zero(t, code, stderr)
	require.NoError(t, json.Unmarshal([]byte(stdout), &report), stdout)
	code, text, stderr = inProcess(args("status", flags(nodes))...)
	require.Zero(t, code, stderr)
	return report, text, stderr
}

func nodeStates(report map[string]any) (states []string) {
	for _, n := range report["nodes"].([]any) {
		states = append(states, n.(map[string]any)["state"].(string))
	}
	return states
}

func TestStatusOfAKeyThatNobodyHolds(t *testing.T) {
	nodes := startNodes(t, 3)
	report, text, stderr := statusOf(t, nodes...)
	require.Empty(t, stderr)
	require.Equal(t, "free", report["state"])
	require.Equal(t, false, report["locked"])
	require.Equal(t, "job", report["key"])
	require.Equal(t, []string{"free", "free", "free"}, nodeStates(report))
	require.Regexp(t, `(?m)^state +free$`, text)
}

func TestStatusOfAKeyThatIsHeld(t *testing.T) {
	nodes := startNodes(t, 3)
	hold(t, nodes[0], nodes[2])
	for _, n := range nodes {
		require.NoError(t, n.Set("{job}:fence", "42"))
	}
	report, text, stderr := statusOf(t, nodes...)
	require.Empty(t, stderr)
	require.Equal(t, "held", report["state"])
	require.Equal(t, true, report["locked"])
	require.Equal(t, "another", report["token"])
	require.InDelta(t, 42, report["fencing_token"], 0)
	require.InDelta(t, time.Hour.Milliseconds(), report["remaining_ms"], float64(patience.Milliseconds()))
	require.Equal(t, []string{"held", "free", "held"}, nodeStates(report))
	first := report["nodes"].([]any)[0].(map[string]any)
	require.Equal(t, nodes[0].Addr(), first["node"])
	require.Positive(t, first["latency_ms"])
	require.Positive(t, first["remaining_ms"])

	require.Regexp(t, `(?m)^state +held$`, text)
	require.Regexp(t, `(?m)^token +another$`, text)
	require.Regexp(t, `(?m)^fencing token +42$`, text)
	require.Regexp(t, `(?m)^remaining +(1h0m|59m)`, text)
	require.Regexp(t, `(?m)^127\.0\.0\.1:\d+ +held +(1h0m|59m)`, text)
	require.Regexp(t, `(?m)^127\.0\.0\.1:\d+ +free +- `, text)
}

func TestStatusOfAKeyOnOneNode(t *testing.T) {
	nodes := startNodes(t, 1)
	require.NoError(t, nodes[0].Set("job", "foreign")) // by a program that sets no expiry
	report, text, _ := statusOf(t, nodes...)
	require.Equal(t, "held", report["state"])
	require.Regexp(t, `(?m)^remaining +no expiry$`, text)
}

func TestStatusOfAKeyThatNobodyCanHave(t *testing.T) {
	nodes := startNodes(t, 3)
	hold(t, nodes[0])
	require.NoError(t, nodes[1].Set("job", "a third"))
	report, text, _ := statusOf(t, nodes...)
	require.Equal(t, "split", report["state"])
	require.Equal(t, false, report["locked"])
	require.Equal(t, "", report["token"])
	require.Equal(t, []string{"held", "held", "free"}, nodeStates(report))
	require.Regexp(t, `(?m)^state +split$`, text)
}

func TestStatusWithoutAMajorityTellsTheVotesAllTheSame(t *testing.T) {
	nodes := startNodes(t, 3)
	spec := flags(nodes) // while they have addresses
	nodes[0].Close()
	nodes[2].Close()
	code, stdout, stderr := inProcess(args("status", spec, "--json")...)
	require.Equal(t, exitUnavailable, code)
	require.Contains(t, stderr, "too few nodes answered")
	var report map[string]any
	require.NoError(t, json.Unmarshal([]byte(stdout), &report), stdout)
	require.Equal(t, "unknown", report["state"])
	require.Contains(t, report["error"], "too few nodes answered")
	require.Equal(t, []string{"unreachable", "free", "unreachable"}, nodeStates(report))
	require.NotEmpty(t, report["nodes"].([]any)[0].(map[string]any)["error"])

	code, text, stderr := inProcess(args("status", spec)...)
	require.Equal(t, exitUnavailable, code, stderr)
	require.Regexp(t, `(?m)^state +unknown$`, text)
	require.Regexp(t, `(?m)^127\.0\.0\.1:\d+ +unreachable .*refused$`, text)
}

func TestStatusTellsANodeThatAnsweredAnErrorFromOneThatDidNot(t *testing.T) {
	nodes := startNodes(t, 3)
	spec := flags(nodes)
	nodes[0].HSet("job", "f", "v")
	nodes[2].Close()
	code, stdout, stderr := inProcess(args("status", spec, "--json")...)
	require.Equal(t, exitUnavailable, code, stderr)
	var report map[string]any
	require.NoError(t, json.Unmarshal([]byte(stdout), &report), stdout)
	require.Equal(t, []string{"error", "free", "unreachable"}, nodeStates(report))
}

func TestTheNamesOfTheJSONArePinned(t *testing.T) {
	r := newReport("k", distlock.Status{
		Locked: true, Token: "t", FencingToken: 7, Remaining: 1500 * time.Millisecond,
		Votes: []distlock.Vote{{Node: "n", Outcome: distlock.Refused, Latency: 1234 * time.Microsecond, Remaining: 1500 * time.Millisecond}},
	}, nil)
	got, err := json.Marshal(r)
	require.NoError(t, err)
	require.JSONEq(t, `{"key":"k","state":"held","locked":true,"token":"t","fencing_token":7,"remaining_ms":1500,
		"nodes":[{"node":"n","state":"held","remaining_ms":1500,"latency_ms":1.234}]}`, string(got))
}
