package scripts_test

import (
	"context"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/internal/redistest"
	"github.com/lilith/distlock/internal/scripts"
)

// oddKeys are those whose braces make, or look like, a hash tag.
var oddKeys = []string{
	"a", "report:2026-11", "{a}", "{a}b", "b{a}", "b{a}c", "{a}{b}", "a}b", "}", "{", "{}", "{}x", "x{}",
	"x{}y", "{}{a}", "{}{a", "x{y", "x{y}", "x}{y", "x}{y}", "}{", "}{}", "}{}{a}", "{{a}}", "{{a}", "{a}}",
	"{{}}", "{}}", "{{}", "{a", "a}", "}}", "{{", " ", "{ }", "{\x00}", "\x00", "\xff}\xfe", "{\xff\xfe}",
	"a b\r\nc}", "schlüssel", "{schlüssel}:ä", "schlüssel}ä", "鍵", "{鍵}", "鍵}{", "🔒}", "{🔒", "%s{%d}", "*", "[a]",
}

func TestSlotOfKnownKeys(t *testing.T) {
	for key, slot := range map[string]int{
		"123456789": 12739, // 0x31C3, the check value of CRC-16/XMODEM
		"foo":       12182,
		"{foo}bar":  12182,
		"bar{foo}":  12182,
		"":          0,
	} {
		require.Equal(t, slot, scripts.Slot(key), "%q", key)
	}
}

func TestTheNamesOfCompanionsStand(t *testing.T) {
	for key, fence := range map[string]string{
		"a":      "{a}:fence",
		"{a}b":   "{a}b:fence",
		"b{a}c":  "b{a}c:fence",
		"x{y":    "{x{y}:fence",
		"{{a}}":  "{{a}}:fence",
		"app:ü":  "{app:ü}:fence",
		"{a}{b}": "{a}{b}:fence",
	} {
		require.Equal(t, fence, scripts.FenceKey(key), "%q", key)
	}
	require.Equal(t, "{a}:dead:7f3c", scripts.TombstoneKey("a", "7f3c"))
	require.Equal(t, "{a}b:dead:7f3c", scripts.TombstoneKey("{a}b", "7f3c"))
	require.Equal(t, "{a}:queue", scripts.QueueKey("a"))
	require.Equal(t, "{a}b:queue", scripts.QueueKey("{a}b"))
	require.Equal(t, "{a}:wake:7f3c", scripts.WakeChannel("a", "7f3c"))
	require.Equal(t, "{a}b:wake:7f3c", scripts.WakeChannel("{a}b", "7f3c"))
}

func TestCompanionsShareTheSlot(t *testing.T) {
	for _, key := range oddKeys {
		companionsShareTheSlot(t, key, "7f3c")
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		companionsShareTheSlot(t, randomKey(random), "7f3c")
	}
}

func FuzzCompanionsShareTheSlot(f *testing.F) {
	for _, key := range oddKeys {
		f.Add(key, "7f3c")
		f.Add(key, key)
	}
	f.Fuzz(func(t *testing.T, key, token string) {
		if key == "" {
			t.Skip("no lock has an empty key")
		}
		companionsShareTheSlot(t, key, token)
	})
}

// companions are all names beside a key.
func companions(key, token string) []string {
	return []string{
		scripts.FenceKey(key), scripts.TombstoneKey(key, token), scripts.QueueKey(key), scripts.WakeChannel(key, token),
	}
}

func companionsShareTheSlot(t *testing.T, key, token string) {
	names := append(companions(key, token), key)
	for i, name := range names {
		require.Equal(t, scripts.Slot(key), scripts.Slot(name), "%q and %q", key, name)
		for _, other := range names[:i] {
			require.NotEqual(t, other, name)
		}
	}
}

// TestSlotIsThatOfRedis has a server in Cluster mode say the slots of keys and of
// their companions.
func TestSlotIsThatOfRedis(t *testing.T) {
	client := redistest.Start(t, "--cluster-enabled", "yes").Client()
	keys := append([]string{"123456789", "foo"}, oddKeys...)
	random := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		keys = append(keys, randomKey(random))
	}
	for _, key := range keys {
		pipe := client.Pipeline()
		slots := []*redis.IntCmd{pipe.ClusterKeySlot(context.Background(), key)}
		for _, name := range companions(key, key) {
			slots = append(slots, pipe.ClusterKeySlot(context.Background(), name))
		}
		_, err := pipe.Exec(context.Background())
		require.NoError(t, err)
		for _, slot := range slots {
			require.EqualValues(t, scripts.Slot(key), slot.Val(), "%q", key)
		}
	}
}

// randomKey is short and mostly braces, so that each way they can stand comes up.
func randomKey(random *rand.Rand) string {
	parts := []string{"{", "}", "{", "}", "a", "\x00", "\xff", "鍵"}
	key := strconv.Itoa(random.IntN(1000))
	for range random.IntN(8) {
		key += parts[random.IntN(len(parts))]
	}
	cut := random.IntN(len(key))
	return key[cut:] + key[:cut]
}
