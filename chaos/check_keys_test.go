package chaos_test

import (
	"testing"
	"time"

	"github.com/lilith/distlock/chaos"
)

func TestNoKeyOutlivesItsLease(t *testing.T) {
	seen := func(value string, at time.Duration) chaos.Sighting {
		return chaos.Sighting{Node: "node-1", Key: "app:k", Value: value, TTL: 50 * ms, At: at}
	}
	a := acquired("c1", "a", 10*ms, 1)
	failed := chaos.Op{Client: "c1", Kind: chaos.OpAcquire, Key: "k", Start: 10 * ms, End: 20 * ms, Outcome: chaos.Unavailable, TTL: 100 * ms}
	crash := chaos.Injection{Row: chaos.HolderCrash, Fault: "crash", Client: "c1", Start: 70 * ms, End: 80 * ms}
	judge(t, limits, []judgement{
		{"a holder's", "", history(a, seen("a", 90*ms))},
		{"a holder's, that has renewed it", "", history(a, extended("c1", 90*ms), seen("a", 190*ms))},
		{"of a lease that is over", "I4", history(a, seen("a", 112*ms))},
		{"of a lease that is over, by a clock that went back", "", history(
			a, seen("a", 500*ms), fault(chaos.ClockBackward, "", 50*ms, 50*ms),
		)},
		{"of a lease that is over, and another node's clock went back", "I4", history(
			a, seen("a", 500*ms), on("node-2", fault(chaos.ClockBackward, "", 50*ms, 50*ms)),
		)},
		{"of a request that a frozen node carried out late", "", history(
			a, seen("a", 250*ms), fault(chaos.NodeFrozen, "", 5*ms, 200*ms),
		)},
		{"released", "I4", history(a, released(50*ms), seen("a", 90*ms))},
		{"released, on too few nodes", "", history(a, did(chaos.OpRelease, "c1", "a", 50*ms, chaos.Unavailable), seen("a", 90*ms))},
		{"released, by a client that was killed then", "", history(a, released(50*ms), seen("a", 90*ms), crash)},
		{"released, on a node that went back to older data", "", history(
			a, released(50*ms), seen("a", 90*ms), fault(chaos.OlderData, chaos.KeptMemory, 60*ms, 70*ms),
		)},
		{"of an acquisition that failed", "I4", history(failed, seen("x", 90*ms))},
		{"of an acquisition that failed, of a client that was killed", "", history(failed, seen("x", 90*ms), crash)},
		{"of an acquisition that failed long ago", "I4", history(failed, seen("x", 130*ms), crash)},
		{"of nobody at all", "I4", history(seen("x", 130*ms))},
		{"for longer than any lease", "I4", history(a, chaos.Sighting{Node: "n", Key: "k", Value: "a", TTL: time.Second, At: 90 * ms})},
	})
	l := limits
	l.Late = 200 * ms
	judge(t, l, []judgement{{"of a request that the network held up", "", history(a, released(50*ms), seen("a", 250*ms))}})
}

func on(node string, in chaos.Injection) chaos.Injection {
	in.Node = node
	return in
}

func TestEachKeyExpires(t *testing.T) {
	seen := func(key, value string, ttl time.Duration) *chaos.History {
		return history(chaos.Sighting{Node: "node-1", Key: key, Value: value, TTL: ttl, At: time.Second})
	}
	judge(t, limits, []judgement{
		{"a counter", "", seen("{k}:fence", "17", time.Hour)},
		{"a counter for ever", "I13", seen("{k}:fence", "17", -1)},
		{"a counter beyond what Lua can count", "I13", seen("{k}:fence", "9007199254740992", time.Hour)},
		{"a tombstone", "", seen("{k}:dead:a", "", time.Second)},
		{"a queue", "", seen("{k}:queue", "pchannel", time.Minute)},
		{"a queue for ever", "I13", seen("{k}:queue", "pchannel", -1)},
		{"a tombstone for ever", "I13", seen("{k}:dead:a", "", -1)},
	})
}
