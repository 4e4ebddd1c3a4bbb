package chaos_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
)

func TestALockThatWorksViolatesNothing(t *testing.T) {
	for seed := range uint64(30) {
		h := played(rand.New(rand.NewPCG(seed, 1)), 3, 100)
		v := chaos.Check(h, limits)
		require.Empty(t, v.Violations, "seed %d", seed)
		require.Zero(t, v.Overlaps)
		require.Zero(t, v.LostUpdates)
		require.Zero(t, v.Undecided)
		require.Positive(t, v.StaleWrites)
	}
}

// A mutation makes one operation of a history wrong, and says which invariants may
// tell; it returns false where it does not fit the operation.
type mutation struct {
	name  string
	tells []string
	apply func(h *chaos.History, i int) bool
}

// next returns the next operation of a kind about the same key, and its place.
func next(h *chaos.History, i int, kind chaos.OpKind) *chaos.Op {
	for j := i + 1; j < len(h.Ops); j++ {
		if h.Ops[j].Kind == kind && h.Ops[j].Key == h.Ops[i].Key {
			return &h.Ops[j]
		}
	}
	return nil
}

var mutations = []mutation{
	{"the next holder's token is no larger", []string{"I2"}, func(h *chaos.History, i int) bool {
		o := next(h, i, chaos.OpAcquire)
		if h.Ops[i].Kind != chaos.OpAcquire || o == nil {
			return false
		}
		o.Fencing = h.Ops[i].Fencing
		return true
	}},
	{"the lease lasts beyond the next one's grant", []string{"I1"}, func(h *chaos.History, i int) bool {
		a, b := &h.Ops[i], next(h, i, chaos.OpAcquire)
		if a.Kind != chaos.OpAcquire || b == nil {
			return false
		}
		h.Ops = slices.DeleteFunc(h.Ops, func(o chaos.Op) bool {
			return o.Token == a.Token && (o.Kind == chaos.OpRelease || o.Kind == chaos.OpSignal)
		})
		for j := range h.Ops {
			if o := &h.Ops[j]; o.Kind == chaos.OpAcquire && o.Token == h.Ops[i].Token {
				o.TTL, o.Until = time.Hour, o.End+time.Hour-3*ms
			}
		}
		return true
	}},
	{"a refused write is applied", []string{"I3"}, func(h *chaos.History, i int) bool {
		if h.Ops[i].Outcome != chaos.Stale {
			return false
		}
		h.Ops[i].Outcome = chaos.Done
		return true
	}},
	{"a good write is refused", []string{"I3"}, func(h *chaos.History, i int) bool {
		if h.Ops[i].Kind != chaos.OpWrite || h.Ops[i].Outcome != chaos.Done {
			return false
		}
		h.Ops[i].Outcome = chaos.Stale
		return true
	}},
	{"another value is read", []string{"I3"}, func(h *chaos.History, i int) bool {
		h.Ops[i].Value += 1000
		return h.Ops[i].Kind == chaos.OpOpen
	}},
	{"a release is late", []string{"I5", "I8"}, func(h *chaos.History, i int) bool {
		h.Ops[i].Start += time.Second
		h.Ops[i].End += time.Second
		return h.Ops[i].Kind == chaos.OpRelease
	}},
	{"an extension begins after the end", []string{"I6"}, func(h *chaos.History, i int) bool {
		o := &h.Ops[i]
		o.Start, o.End, o.Until = o.Start+time.Hour, o.End+time.Hour, o.Until+time.Hour
		return o.Kind == chaos.OpExtend
	}},
	{"an extension lasts too long", []string{"I7"}, func(h *chaos.History, i int) bool {
		h.Ops[i].Until += 4 * ms
		return h.Ops[i].Kind == chaos.OpExtend
	}},
	{"an operation takes too long", []string{"I8"}, func(h *chaos.History, i int) bool {
		o := &h.Ops[i]
		o.End += o.Bound
		return o.Bound > 0
	}},
	{"a signal is late", []string{"I10"}, func(h *chaos.History, i int) bool {
		o := &h.Ops[i]
		o.End = o.Until + 1
		return o.Kind == chaos.OpSignal
	}},
	{"an operation fails for no known reason", []string{"I12"}, func(h *chaos.History, i int) bool {
		h.Ops[i].Outcome, h.Ops[i].Err = chaos.Failed, "EOF"
		return h.Ops[i].Kind == chaos.OpRelease
	}},
	{"an owner's token is given twice", []string{"I2"}, func(h *chaos.History, i int) bool {
		o := next(h, i, chaos.OpAcquire)
		if h.Ops[i].Kind != chaos.OpAcquire || o == nil {
			return false
		}
		o.Token = h.Ops[i].Token
		return true
	}},
}

func TestOneWrongOperationAmongManyIsFound(t *testing.T) {
	for _, m := range mutations {
		t.Run(m.name, func(t *testing.T) {
			found := 0
			for seed := range uint64(8) {
				r := rand.New(rand.NewPCG(seed, 2))
				h := played(r, 2, 60)
				for range 50 {
					i := r.IntN(len(h.Ops))
					wrong := *h
					wrong.Ops = slices.Clone(h.Ops)
					if !m.apply(&wrong, i) {
						continue
					}
					found++
					told := broken(chaos.Check(&wrong, limits))
					require.True(t, slices.ContainsFunc(m.tells, func(i string) bool { return slices.Contains(told, i) }),
						"seed %d, operation %d: %+v: %v", seed, i, h.Ops[i], told)
				}
			}
			require.Greater(t, found, 10)
		})
	}
}

func TestTheOrderOfRecordingDoesNotMatter(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	h := played(r, 2, 60)
	for i := range h.Ops {
		if h.Ops[i].Kind == chaos.OpAcquire && i%3 == 0 {
			h.Ops[i].Until += 50 * ms
		}
	}
	want := chaos.Check(h, limits)
	require.NotEmpty(t, want.Violations)
	r.Shuffle(len(h.Ops), func(i, j int) { h.Ops[i], h.Ops[j] = h.Ops[j], h.Ops[i] })
	require.Equal(t, want, chaos.Check(h, limits))
}

func BenchmarkCheck(b *testing.B) {
	for _, leases := range []int{1_700, 17_000, 34_000} {
		h := played(rand.New(rand.NewPCG(1, 1)), 1, leases)
		b.Run(fmt.Sprintf("ops=%d", len(h.Ops)), func(b *testing.B) {
			for b.Loop() {
				chaos.Check(h, limits)
			}
		})
	}
}
