package distlock_test

import (
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
)

// stranded is how long one waits at least for a lock of the default TTL that nobody has.
const stranded = 20 * time.Second

// TestALockIsHandedOnInTheMomentInWhichItsWaiterComes: releases and failed first attempts
// at one time, as often as the machine can.
func TestALockIsHandedOnInTheMomentInWhichItsWaiterComes(t *testing.T) {
	l, _ := newLocker(t, distlock.Config{MaxRetries: distlock.RetryForever})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 2000 {
				came := time.Now()
				h, err := l.Acquire(background, "k")
				if waited := time.Since(came); waited > stranded {
					t.Errorf("waited %v", waited)
				}
				if err == nil {
					err = h.Release(background)
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	require.Zero(t, distlock.Waiting(l))
}
