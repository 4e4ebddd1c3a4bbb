package contest_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/bench/internal/contest"
)

func TestAValueIsWrittenWithThreeDigitsAndItsUnit(t *testing.T) {
	for _, c := range []struct {
		unit contest.Unit
		v    float64
		want string
	}{
		{contest.Seconds, 37.04e-6, "37.0 µs"},
		{contest.Seconds, 999.7e-6, "1.00 ms"},
		{contest.Seconds, 0.00123, "1.23 ms"},
		{contest.Seconds, 5.0261, "5.03 s"},
		{contest.Seconds, 10, "10 s"},
		{contest.Seconds, 0, "0"},
		{contest.PerSecond, 50312.4, "50,312/s"},
		{contest.Bytes, 1996, "1.95 KiB"},
		{contest.Bytes, 812.4, "812 B"},
		{contest.Bytes, 3 << 20, "3 MiB"},
		{contest.Count, 33, "33"},
		{contest.Count, 0.9531, "0.953"},
		{contest.Count, -1234567, "-1,234,567"},
		{contest.Count, math.NaN(), "–"},
	} {
		require.Equal(t, c.want, c.unit.Format(c.v))
	}
	require.Equal(t, "0.65", contest.FormatRatio(0.65))
	require.Equal(t, "1.05", contest.FormatRatio(1.052))
	require.Equal(t, "1.00", contest.FormatRatio(1))
	require.Equal(t, "0.0753", contest.FormatRatio(0.0753))
	require.Equal(t, "25,301", contest.FormatRatio(25301))
	require.Equal(t, "–", contest.FormatRatio(math.Inf(1)))
}
