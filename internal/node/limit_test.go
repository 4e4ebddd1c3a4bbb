package node_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/internal/node"
)

// TestLimitsShareTheirAlarms: none is stopped, so that those made must be few.
func TestLimitsShareTheirAlarms(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, lengths := range [][]time.Duration{
			{200 * time.Millisecond},
			{200 * time.Millisecond, 300 * time.Millisecond, 150 * time.Millisecond, 5 * time.Second},
		} {
			var alarms node.Alarms
			rung := make(map[<-chan struct{}]bool)
			began := time.Now()
			for i := range 10_000 { // in less time than any of them
				var l node.Limit
				alarms.Start(context.Background(), &l, time.Now(), lengths[i%len(lengths)])
				rung[l.Done()] = true
				l.End()
				time.Sleep(10 * time.Microsecond)
			}
			most := 0
			for _, d := range lengths {
				most += int(time.Since(began)/(d/100)) + 1
			}
			require.LessOrEqual(t, len(rung), most)
		}
	})
}

func TestALimitEndsAHundredthLateAtMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var alarms node.Alarms
		for _, before := range []time.Duration{0, time.Millisecond, time.Second, 50 * time.Millisecond} {
			time.Sleep(before)
			var l node.Limit
			began := time.Now()
			alarms.Start(context.Background(), &l, began, time.Second)
			<-l.Done()
			require.ErrorIs(t, l.Err(), context.DeadlineExceeded)
			require.GreaterOrEqual(t, time.Since(began), time.Second)
			require.LessOrEqual(t, time.Since(began), 1010*time.Millisecond)
		}
	})
}

// TestOldTimesDisplaceNoAlarm has two callers of whom one is late with its time.
func TestOldTimesDisplaceNoAlarm(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var alarms node.Alarms
		for d := range time.Duration(7) { // of other lengths: no place is left for another
			alarms.Start(context.Background(), new(node.Limit), time.Now(), (d+1)*time.Minute)
		}
		rung := make(map[<-chan struct{}]bool)
		for i := range 10_000 {
			var l node.Limit
			lag := time.Duration(i%2) * 3 * time.Millisecond
			alarms.Start(context.Background(), &l, time.Now().Add(-lag), 200*time.Millisecond)
			rung[l.Done()] = true
			l.End()
			time.Sleep(10 * time.Microsecond)
		}
		require.Less(t, len(rung), 220)
	})
}
