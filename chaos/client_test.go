package chaos_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
)

// TestADyingClientBeginsNothing: its operations are recorded no more, and a release that
// is not recorded is taken for a lease that goes on.
func TestADyingClientBeginsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin, closeAll := chaos.DyingClient()
		begun := make(chan struct{})
		go func() {
			begin(chaos.Op{Kind: chaos.OpRelease})
			close(begun)
		}()
		synctest.Wait()
		select {
		case <-begun:
			require.Fail(t, "it would be sent")
		default:
		}
		closeAll()
		<-begun
	})
}
