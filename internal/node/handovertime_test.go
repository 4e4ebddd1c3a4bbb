package node

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
)

func TestAHandOverHasTheTimeOfItsReleaseToo(t *testing.T) {
	next := &distlock.Request{Key: "k", Token: "b", TTL: time.Second, NodeTimeout: 10 * time.Millisecond}
	c := HandOver(&distlock.Request{Key: "k", Token: "a", TTL: time.Minute, NodeTimeout: time.Second, Successor: next})
	require.Equal(t, time.Second, c.timeout)
}
