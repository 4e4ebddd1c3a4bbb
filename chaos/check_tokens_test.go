package chaos_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
)

func TestFencingTokensRiseFromHolderToHolder(t *testing.T) {
	a := acquired("c1", "a", 10*ms, 5)
	judge(t, limits, []judgement{
		{"larger", "", history(a, acquired("c2", "b", 200*ms, 6))},
		{"smaller", "I2", history(a, acquired("c2", "b", 200*ms, 4))},
		{"equal", "I2", history(a, acquired("c2", "b", 200*ms, 5))},
		{"smaller after two", "I2", history(a, acquired("c2", "b", 200*ms, 7), acquired("c3", "c", 400*ms, 6))},
		{"smaller, of another key", "", history(a, with(acquired("c2", "b", 200*ms, 4), func(o *chaos.Op) { o.Key = "other" }))},
		{"smaller, and a fault raged", "I2", history(
			a, acquired("c2", "b", 200*ms, 4), fault(chaos.KeysLost, chaos.KeptMemory, 0, 500*ms),
		)},
		{"larger, of one that waited all along and was handed the lock", "", history(a, released(48*ms), handed(6))},
		{"smaller, of one that waited all along and was handed the lock", "I2", history(a, released(48*ms), handed(4))},
		{"the holder's, of one that was handed the lock", "I2", history(a, released(48*ms), handed(5))},
		{"missing", "I2", history(acquired("c1", "a", 10*ms, 0))},
		{"beyond what Lua can count", "I13", history(acquired("c1", "a", 10*ms, 1<<53))},
		{"an owner's token given twice", "I2", history(a, acquired("c2", "a", 200*ms, 6))},
		{"no owner's token", "I2", history(acquired("c1", "", 10*ms, 5))},
	})
}

func TestFencingTokensOfAcquisitionsUnderWayAtOnceMayComeInAnyOrder(t *testing.T) {
	// A pause makes it uncertain when the second's attempt began.
	late := with(acquired("c2", "b", 200*ms, 4), func(o *chaos.Op) { o.Start = 5 * ms })
	require.Equal(t, []string{"I2"}, broken(chaos.Check(history(acquired("c1", "a", 10*ms, 5), late), limits)),
		"its lease tells that its attempt began after the first's grant")
	require.Empty(t, broken(chaos.Check(history(acquired("c1", "a", 10*ms, 5), late, paused("c2", 6*ms, 7*ms)), limits)))
}

func TestWithoutFencingTokensAreNotChecked(t *testing.T) {
	l := limits
	l.Unfenced = true
	judge(t, l, []judgement{
		{"none", "", history(acquired("c1", "a", 10*ms, 0), acquired("c2", "b", 200*ms, 0))},
		{"an owner's token given twice", "I2", history(acquired("c1", "a", 10*ms, 0), acquired("c2", "a", 200*ms, 0))},
	})
}
