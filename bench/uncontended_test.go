package main_test

import (
	"fmt"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/bench/internal/peer"
	"github.com/lilith/distlock/bench/internal/servertest"
)

// BenchmarkUncontended acquires and releases free locks on real servers. The report
// compares in rounds, and better; this is for benchstat, pprof and allocations.
func BenchmarkUncontended(b *testing.B) {
	many := []peer.Contestant{
		peer.Distlock, peer.DistlockUnfenced, peer.Redsync, peer.RedsyncFailFast, peer.Rueidislock,
		peer.ByHand, peer.ScriptsByHand, peer.RawScripts,
	}
	for _, n := range []int{1, 3, 5} {
		b.Run(fmt.Sprintf("nodes=%d", n), func(b *testing.B) {
			s := peer.Settings{Addrs: servertest.Addrs(servertest.Start(b, n)), TTL: 10 * time.Second}
			who := many
			if n == 1 {
				who = append([]peer.Contestant{peer.Redislock}, many...)
			}
			for _, c := range who {
				b.Run("lock="+c.Name, func(b *testing.B) { acquireAndRelease(b, c, s) })
			}
		})
	}
}

func acquireAndRelease(b *testing.B, c peer.Contestant, s peer.Settings) {
	lockers, err := c.Open(s, 1)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, peer.CloseAll(lockers)) })
	// A key comes round again only when what a straggler has left behind is gone.
	keys := make([]string, 1024)
	for i := range keys {
		keys[i] = c.Name + strconv.Itoa(i)
	}
	pair := func(key string) {
		lock, err := lockers[0].Acquire(b.Context(), key)
		if err != nil {
			b.Fatal(err)
		}
		if err := lock.Release(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	for i := range 32 { // connections, scripts, stacks
		pair("warm" + keys[i])
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		pair(keys[i%len(keys)])
	}
}
