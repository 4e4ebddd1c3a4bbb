package model_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos/internal/model"
)

func TestTheProtocolIsBrokenWithoutAnyOneSafeguardAndNotWithAll(t *testing.T) {
	for _, w := range model.Variants() {
		t.Run(w.Name, func(t *testing.T) {
			if raced {
				w.Shown.MaxStates = 5000
			}
			start := time.Now()
			r, err := model.Explore(t.Context(), w.Shown)
			require.NoError(t, err)
			if raced && r.Violation == nil {
				t.Skip("not in the sample that the race detector has time for")
			}
			require.NotNil(t, r.Violation, "without %v: %s", w.Variant, w.Removes)
			t.Logf("%s: %v in %v", w.Removes, r, time.Since(start).Round(time.Millisecond))

			whole := w.Shown
			whole.Variant, whole.Only = 0, ""
			if w.Variant == model.RepairGuard {
				whole.MaxStates = r.States // as far as it was broken; all of it is a long exploration
				explore(t, whole)
				return
			}
			exhaust(t, whole)
		})
	}
}

func TestRandomWalksFindEveryWeaknessToo(t *testing.T) {
	// Walks share no code with explorations but the steps themselves, and their
	// states are never renamed.
	for _, w := range model.Variants() {
		t.Run(w.Name, func(t *testing.T) {
			if w.Variant == model.AcceptCounter && raced {
				t.Skip("800,000 steps: too many under the race detector")
			}
			if w.Variant == model.RepairGuard {
				t.Skip("twenty-two steps in one order: too deep for a walk")
			}
			w.Shown.Only = ""
			r, err := model.Walk(w.Shown, 1, 5_000_000)
			require.NoError(t, err)
			require.NotNil(t, r.Violation)
			t.Logf("%s after %d steps, of which %d count", r.Violation.Property, r.Steps, len(r.Violation.Trace))
		})
	}
}

func TestEverySafeguardHasAVariantWithAName(t *testing.T) {
	var all model.Variant
	for _, w := range model.Variants() {
		require.Equal(t, w.Variant, w.Shown.Variant)
		require.NotContains(t, w.Variant.String(), "+")
		require.Zero(t, all&w.Variant, "%v is listed twice", w.Variant)
		all |= w.Variant
	}
	require.Equal(t, len(model.Variants()), len(model.VariantNames), "%v", all)
	require.Equal(t, "none", model.Variant(0).String())
	require.Equal(t, "AcceptOwner+AcceptCounter", (model.AcceptOwner | model.AcceptCounter).String())
}

func TestACounterexampleReadsAsAStory(t *testing.T) {
	r, err := model.Explore(t.Context(), model.Config{
		Nodes: 3, Clients: 2, Attempts: 2, FreeExpiry: true, Variant: model.HintAndAccept,
	})
	require.NoError(t, err)
	require.Equal(t, model.UniqueTokens, r.Violation.Property)
	require.Equal(t, []string{
		"1 begins, hint 0",
		"1 acquires at A: C=1",
		"2 begins, hint 0",
		"2 acquires at B: C=1",
		"the key of 1 at A expires",
		"2 acquires at A: C=2",
		"2 wins with token 2",
		"the key of 2 at B expires",
		"1 acquires at B: C=2",
		"1 wins with token 2 — breaks: unique tokens",
	}, r.Violation.Trace)

	again, err := model.Explore(t.Context(), model.Config{
		Nodes: 3, Clients: 2, Attempts: 2, FreeExpiry: true, Variant: model.HintAndAccept,
	})
	require.NoError(t, err)
	require.Equal(t, r, again)
}
