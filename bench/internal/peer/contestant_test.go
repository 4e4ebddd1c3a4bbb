package peer_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/bench/internal/peer"
	"github.com/lilith/distlock/bench/internal/servertest"
)

const ttl = 10 * time.Second

var (
	oneNodeOnly = []peer.Contestant{peer.Redislock, peer.RedislockExponential}
	anyNodes    = []peer.Contestant{
		peer.Distlock, peer.DistlockUnfenced, peer.Redsync, peer.RedsyncFailFast, peer.RedsyncEager,
		peer.Rueidislock, peer.ByHand, peer.ScriptsByHand, peer.UnfencedByHand, peer.WaitAll, peer.AutoPipelined,
		peer.AutoPipelinedScripts, peer.Dispatched, peer.DispatchedUnfenced, peer.Raw, peer.RawScripts, peer.Queued,
	}
)

func TestEachContestantLocksOnOneNode(t *testing.T) {
	addrs := servertest.Addrs(servertest.Start(t, 1))
	for _, c := range append(oneNodeOnly, anyNodes...) {
		t.Run(c.Name, func(t *testing.T) {
			require.NoError(t, peer.CheckExclusion(t.Context(), c, peer.Settings{Addrs: addrs, TTL: ttl}))
		})
	}
}

func TestEachContestantLocksOnThreeNodes(t *testing.T) {
	addrs := servertest.Addrs(servertest.Start(t, 3))
	for _, c := range anyNodes {
		t.Run(c.Name, func(t *testing.T) {
			require.NoError(t, peer.CheckExclusion(t.Context(), c, peer.Settings{Addrs: addrs, TTL: ttl}))
		})
	}
}

func TestAContestantThatDoesNothingIsFoundOut(t *testing.T) {
	c := peer.Contestant{Name: "nothing", Open: func(peer.Settings, int) ([]peer.Locker, error) {
		return []peer.Locker{nothing{}, nothing{}}, nil
	}}
	require.ErrorContains(t, peer.CheckExclusion(t.Context(), c, peer.Settings{}), "nothing does not exclude")
}

type nothing struct{}

func (nothing) Acquire(context.Context, string) (peer.Lock, error) { return nothing{}, nil }
func (nothing) Try(context.Context, string) (peer.Lock, error)     { return nothing{}, nil }
func (nothing) Release(context.Context) error                      { return nil }
func (nothing) Close() error                                       { return nil }
