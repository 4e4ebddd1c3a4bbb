package chaos_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
)

// Simulation reaches every other cell of the matrix, but has no sockets, and so no TLS.
func TestEveryOperationMeetsARefusedCertificate(t *testing.T) {
	t.Parallel()
	kinds, err := chaos.KindsOf("tls")
	require.NoError(t, err)
	var reached chaos.Matrix
	missing := func() (cells []chaos.Column) {
		for _, c := range chaos.Columns() {
			if reached[chaos.TLSFailure][c] == 0 {
				cells = append(cells, c)
			}
		}
		return cells
	}
	for seed := uint64(1); seed <= 20 && len(missing()) > 0; seed++ {
		report, err := chaos.Run(t.Context(), chaos.Options{
			Seed: seed, Duration: 3 * time.Second, Nodes: 3, Clients: 6, Keys: 1, Kinds: kinds,
		})
		require.NoError(t, err)
		require.Empty(t, report.Verdict.Violations)
		reached.Add(report.Matrix)
	}
	require.Empty(t, missing())
}
