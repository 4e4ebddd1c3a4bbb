package sim_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
	"github.com/lilith/distlock/chaos/sim"
)

// number returns a number of the environment, to search further than usual:
//
//	DISTLOCK_SEEDS=100000 DISTLOCK_SEED=7 go test ./chaos/sim -run TestSimulatedSeeds
func number(t *testing.T, name string, usual int) int {
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	require.NoError(t, err, name)
	return n
}

// hunt runs seeds and fails at the first that violates something, with the fewest
// faults that show it and the command that repeats it.
func hunt(t *testing.T, h sim.Hunt) sim.Totals {
	totals, found, err := h.Run(t)
	require.NoError(t, err)
	t.Logf("%d seeds: %v simulated, %d faults, %d operations, %d leases, %d hand-overs and %d messages of a node; %d overlaps beyond the assumptions, %d stale writes refused",
		totals.Runs, totals.Virtual, totals.Faults, totals.Ops, totals.Acquired, totals.HandOvers, totals.Told, totals.Overlaps, totals.StaleWrites)
	if found == nil {
		return totals
	}
	v := found.Verdict.Violations[0]
	// The words are fixed: the mutants' runner reads them.
	t.Errorf("violation at seed %d, the %s run: %s: %s", found.Config.Seed, ordinal(totals.Runs), v.Invariant, v.Text)
	least, err := sim.Shrink(t, found, 200)
	require.NoError(t, err)
	var plan strings.Builder
	for _, p := range least.Config.Plan {
		fmt.Fprintf(&plan, "\n    %v", p)
	}
	t.Fatalf("%d of its %d faults will do:%s\nrepeat it: %s",
		len(least.Config.Plan), len(found.Config.Plan), plan.String(), found.Config.Command())
	return totals
}

func ordinal(n int) string {
	suffix := "th"
	if n%100 < 11 || n%100 > 13 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}

// usualSeeds are few enough for every run of the tests; .ci/run takes more.
const usualSeeds = 200

func TestSimulatedSeeds(t *testing.T) {
	totals := hunt(t, sim.Hunt{
		From: uint64(number(t, "DISTLOCK_SEED", 1)), Runs: number(t, "DISTLOCK_SEEDS", usualSeeds),
	})
	require.Positive(t, totals.HandOvers)
	require.Positive(t, totals.Told)
	if totals.Runs < 1000 {
		return
	}
	for _, row := range chaos.Rows() {
		for _, column := range chaos.Columns() {
			if row == chaos.TLSFailure {
				require.Zero(t, totals.Matrix[row][column], "there is no TLS without a socket")
				continue
			}
			require.Positive(t, totals.Matrix[row][column], "no %v while %v", column, row)
		}
	}
}

func TestSimulatedSeedsOnMiniredis(t *testing.T) {
	hunt(t, sim.Hunt{
		From: uint64(number(t, "DISTLOCK_SEED", 1)), Runs: number(t, "DISTLOCK_SEEDS", usualSeeds) / 20, Miniredis: true,
	})
}

func TestASimulatedMonthOfHourlyJobs(t *testing.T) {
	if raced || testing.Short() {
		t.Skip("it takes seconds, and ten times as many with the race detector: go test ./chaos/sim")
	}
	totals := hunt(t, sim.Hunt{From: uint64(number(t, "DISTLOCK_SEED", 1)), Runs: 1, Months: true})
	require.Greater(t, totals.Virtual, 700*time.Hour)
	require.Greater(t, totals.Faults, 1000)
}

// Runs that the kernel interrupted are not compared: what Go lets run next may then be
// another goroutine of those that one instant has ready. With the race detector it always
// may: Go shuffles them then, to find more races.
func TestTheSameSeedGivesTheSameHistory(t *testing.T) {
	if raced {
		t.Skip("the race detector has Go shuffle what runs next: go test ./chaos/sim")
	}
	compared := 0
	for seed := range uint64(usualSeeds / 4) {
		first, calm := undisturbed(t, seed)
		second, calmToo := undisturbed(t, seed)
		if !calm || !calmToo {
			continue
		}
		compared++
		// Go's own collector may come in between too; a run that is not the same of
		// itself differs each time.
		for tries := 0; first != second && tries < 8; tries++ {
			first = second
			second, _ = undisturbed(t, seed)
		}
		if first == second {
			continue
		}
		at := 0
		for at < min(len(first), len(second)) && first[at] == second[at] {
			at++
		}
		from := max(at-300, 0)
		t.Errorf("seed %d: byte %d:\n%s\nand\n%s", seed, at, first[from:min(at+200, len(first))], second[from:min(at+200, len(second))])
	}
	t.Logf("%d seeds were run twice without an interruption", compared)
}

// undisturbed returns the history of a run that the kernel did not interrupt, if it can
// be had on this machine.
func undisturbed(t *testing.T, seed uint64) (history string, calm bool) {
	for range 3 {
		before := switches()
		history = historyOf(t, seed)
		if switches() == before {
			return history, true
		}
	}
	return history, false
}

func historyOf(t *testing.T, seed uint64) string {
	r, err := sim.Run(t, sim.Draw(seed, false))
	require.NoError(t, err)
	text, err := json.Marshal(r.History)
	require.NoError(t, err)
	require.Greater(t, len(r.History.Ops), 5, "it did something")
	return string(text)
}
