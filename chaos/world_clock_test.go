package chaos_test

import (
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
)

func left(t *testing.T, n chaos.Node, key string) time.Duration {
	t.Helper()
	return time.Duration(do(t, n, "PTTL", key).(int64)) * time.Millisecond
}

func TestAClockThatJumpsAheadHasKeysExpireEarly(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		n := c.Nodes()[0]
		do(t, n, "SET", "short", "1", "PX", 30_000)
		do(t, n, "SET", "{long}:fence", "1", "PX", 600_000)
		do(t, n, "SET", "endless", "1")
		require.NoError(t, n.JumpClock(t.Context(), 30*time.Second))
		require.Nil(t, do(t, n, "GET", "short"))
		require.LessOrEqual(t, left(t, n, "{long}:fence"), 570*time.Second)
		require.Greater(t, left(t, n, "{long}:fence"), 500*time.Second)
		require.Equal(t, int64(-1), do(t, n, "PTTL", "endless"))
	})
}

func TestAClockThatJumpsBackHasKeysLiveLonger(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		n := c.Nodes()[0]
		do(t, n, "SET", "k", "1", "PX", 30_000)
		require.NoError(t, n.JumpClock(t.Context(), -time.Hour))
		require.Greater(t, left(t, n, "k"), time.Hour)
		require.LessOrEqual(t, left(t, n, "k"), time.Hour+30*time.Second)
	})
}

func TestAJumpTouchesEveryKeyOnce(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		n := c.Nodes()[0]
		do(t, n, "EVAL", "for i = 1, 1500 do redis.call('SET', 'k' .. i, i, 'PX', i % 2 == 0 and 1000 or 600000) end", 0)
		require.NoError(t, n.JumpClock(t.Context(), time.Minute))
		require.Equal(t, int64(750), do(t, n, "DBSIZE"))
		least := do(t, n, "EVAL", `
			local least = 600000
			for i = 1, 1500, 2 do least = math.min(least, redis.call('PTTL', 'k' .. i)) end
			return least`, 0).(int64)
		require.Greater(t, least, int64(480_000), "none was touched twice")
		require.LessOrEqual(t, least, int64(540_000))
	})
}

func TestAClockMayRunFastAndSlow(t *testing.T) {
	onEach(t, func(t *testing.T, c *chaos.Cluster) {
		n := c.Nodes()[0]
		do(t, n, "SET", "k", "1", "PX", 600_000)
		require.NoError(t, n.RateClock(t.Context(), 10_000))
		eventually(t, func() bool { return do(t, n, "GET", "k") == nil })

		// At half the rate, what is left and what has passed come to more than there was.
		require.NoError(t, n.RateClock(t.Context(), 0.5))
		do(t, n, "SET", "k", "1", "PX", 600_000)
		start := time.Now()
		eventually(t, func() bool {
			return left(t, n, "k")+time.Since(start) > 600*time.Second+200*time.Millisecond
		})

		require.NoError(t, n.RateClock(t.Context(), 1))
		do(t, n, "SET", "k", "1", "PX", 600_000)
		eventually(t, func() bool { return left(t, n, "k") < 600*time.Second-50*time.Millisecond })
		require.Greater(t, left(t, n, "k"), 500*time.Second)
		require.ErrorIs(t, n.RateClock(t.Context(), 0), chaos.ErrUnsupported)
	})
}

func TestOnUsersOwnServersAJumpTouchesThePrefixAlone(t *testing.T) {
	servers := chaos.Embedded(t, 1)
	direct := servers.Nodes()[0]
	n := connect(t, servers, chaos.ClusterOptions{Prefix: "lock:"}).Nodes()[0]
	const other, mine = 600_000, 60_000
	do(t, direct, "SET", "other", "1", "PX", other)
	do(t, direct, "SET", "{other}:lock:", "1", "PX", other)
	for _, key := range []string{"lock:a", "{lock:a}:fence", "{5}lock:}b:fence"} {
		do(t, direct, "SET", key, "1", "PX", mine)
	}
	require.NoError(t, n.JumpClock(t.Context(), time.Minute))
	require.Equal(t, int64(2), do(t, direct, "DBSIZE"))
	require.Greater(t, left(t, direct, "other"), 560*time.Second)

	n = connect(t, servers, chaos.ClusterOptions{}).Nodes()[0]
	require.ErrorIs(t, n.JumpClock(t.Context(), time.Minute), chaos.ErrUnsupported)
}

func TestAnEmbeddedNodesWholeClockJumps(t *testing.T) {
	c := chaos.Embedded(t, 1)
	n := c.Nodes()[0]
	age := func() time.Duration {
		found := regexp.MustCompile(`uptime_in_seconds:(-?\d+)`).FindStringSubmatch(do(t, n, "INFO", "server").(string))
		seconds, err := strconv.Atoi(found[1])
		require.NoError(t, err)
		return time.Duration(seconds) * time.Second
	}
	ahead := func() time.Duration {
		now, err := strconv.Atoi(do(t, n, "EVAL", "return redis.call('TIME')[1]", 0).(string))
		require.NoError(t, err)
		return time.Until(time.Unix(int64(now), 0))
	}
	const jump, slack = time.Hour, 10 * time.Minute
	require.NoError(t, n.JumpClock(t.Context(), jump))
	require.InDelta(t, jump, ahead(), float64(slack))
	require.InDelta(t, jump, age(), float64(slack), "a jump ahead looks like age")
	restart(t, n, chaos.Kept)
	require.InDelta(t, 0, age(), float64(slack), "which a new run has not")
	require.InDelta(t, jump, ahead(), float64(slack))
	heal(t, c)
	require.InDelta(t, 0, ahead(), float64(slack))
	require.InDelta(t, 0, age(), float64(slack))
	require.NoError(t, n.JumpClock(t.Context(), -jump))
	require.InDelta(t, -jump, age(), float64(slack))
}
