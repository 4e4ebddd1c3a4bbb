package model_test

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos/internal/model"
)

func TestRandomWalksBreakNothing(t *testing.T) {
	steps := 100_000
	switch {
	case raced:
		steps /= 5
	case os.Getenv("DISTLOCK_LONG") != "":
		steps *= 100
	}
	for _, cfg := range []model.Config{
		{Nodes: 3, Clients: 3, Attempts: 8, Extends: 2, Resends: 3, Forgets: 3, Hint: model.ClockHint},
		{Nodes: 3, Clients: 3, Attempts: 8, Extends: 2, Resends: 3, Forgets: 3, Hint: model.ClockHint, HandOvers: 3},
		{Nodes: 4, Clients: 2, Attempts: 8, Extends: 2, Resends: 3, Forgets: 1, HandOvers: 3},
		{Nodes: 5, Clients: 3, Attempts: 6, Extends: 2, Resends: 2},
		{Nodes: 5, Clients: 3, Attempts: 8, Extends: 2, Resends: 3, Forgets: 2, Hint: model.ClockHint},
		{Nodes: 7, Clients: 3, Attempts: 8, Extends: 2, Resends: 3, Forgets: 7},
		{Nodes: 3, Clients: 3, Attempts: 8, Resends: 3, FreeExpiry: true},
		{Nodes: 5, Clients: 2, Attempts: 8, Extends: 2, Resends: 3, FreeExpiry: true, Hint: model.AnyHint},
		{Nodes: 5, Clients: 3, Attempts: 8, Resends: 3, FreeExpiry: true},
		{Nodes: 7, Clients: 3, Attempts: 8, Extends: 1, Resends: 3, FreeExpiry: true, Hint: model.AnyHint},
	} {
		t.Run(name(cfg), func(t *testing.T) {
			start := time.Now()
			r, err := model.Walk(cfg, 1, steps)
			require.NoError(t, err)
			t.Logf("%v in %v", r, time.Since(start).Round(time.Millisecond))
			require.Nil(t, r.Violation)
			require.Greater(t, r.Wins, steps/1000)
			require.True(t, r.Proposals > 0 || raced)
			if cfg.Extends > 0 {
				require.True(t, r.Repairs > 0 || raced)
			}
			require.True(t, cfg.HandOvers == 0 || r.HandOvers > 0)
		})
	}
}

func TestASeedDecidesAWalk(t *testing.T) {
	cfg := model.Config{Nodes: 5, Clients: 3, Attempts: 6, FreeExpiry: true, Variant: model.WriteBack, Hint: model.AnyHint}
	first, err := model.Walk(cfg, 7, 1_000_000)
	require.NoError(t, err)
	again, err := model.Walk(cfg, 7, 1_000_000)
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.NotNil(t, first.Violation)

	other, err := model.Walk(cfg, 8, 1_000_000)
	require.NoError(t, err)
	require.NotEqual(t, first, other)
}
