package distlock_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/single"
)

// A long export asks for more time after each batch, and stops where it gets none.
func ExampleHandle_Extend() {
	mr, _ := miniredis.Run() // a Redis for this example
	defer mr.Close()
	client := redis.NewClient(&redis.Options{Addr: mr.Addr()})
	defer client.Close()
	locker, err := single.New(client, distlock.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer locker.Close()

	ctx := context.Background()
	lock, err := locker.Acquire(ctx, "export", distlock.WithTTL(30*time.Second))
	if err != nil {
		fmt.Println(err)
		return
	}
	for batch := 1; batch <= 5; batch++ {
		mr.FastForward(20 * time.Second) // what a batch takes
		if batch == 4 {
			mr.FastForward(time.Minute) // the database is slow
		}
		err := lock.Extend(ctx, 30*time.Second)
		if errors.Is(err, distlock.ErrLost) {
			fmt.Println("stop: batch", batch, "outlasted the lease")
			return
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("batch", batch, "exported")
	}
	// Output:
	// batch 1 exported
	// batch 2 exported
	// batch 3 exported
	// stop: batch 4 outlasted the lease
}

// A resource that remembers the largest fencing token refuses a holder that has
// slept through its lease.
func ExampleHandle_FencingToken() {
	mr, _ := miniredis.Run()
	defer mr.Close()
	client := redis.NewClient(&redis.Options{Addr: mr.Addr()})
	defer client.Close()
	locker, err := single.New(client, distlock.Config{TTL: 10 * time.Second})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer locker.Close()

	// The resource: in a database, a column compared in the UPDATE itself.
	var highest int64
	write := func(token int64, who string) {
		if token < highest {
			fmt.Println(who, "refused: stale token")
			return
		}
		highest = token
		fmt.Println(who, "has written")
	}

	ctx := context.Background()
	first, err := locker.Acquire(ctx, "account:7")
	if err != nil {
		fmt.Println(err)
		return
	}
	write(first.FencingToken(), "first")

	mr.FastForward(10 * time.Second) // the first sleeps, and its lease runs out
	second, err := locker.Acquire(ctx, "account:7")
	if err != nil {
		fmt.Println(err)
		return
	}
	write(second.FencingToken(), "second")
	write(first.FencingToken(), "first")
	write(second.FencingToken(), "second")
	// Output:
	// first has written
	// second has written
	// first refused: stale token
	// second has written
}

// Hooks tell what happens, for logs and metrics.
func ExampleTrace() {
	mr, _ := miniredis.Run()
	defer mr.Close()
	client := redis.NewClient(&redis.Options{Addr: mr.Addr()})
	defer client.Close()

	locker, err := single.New(client, distlock.Config{
		MaxRetries: 1,
		RetryDelay: time.Millisecond,
		Trace: &distlock.Trace{
			Vote:     func(e distlock.Event) { fmt.Println("vote on", e.Op, e.Key, e.Vote.Outcome) },
			Waiting:  func(e distlock.Event) { fmt.Println("waiting for", e.Key, "after attempt", e.Attempt) },
			Acquired: func(e distlock.Event) { fmt.Println("acquired", e.Key, "in attempt", e.Attempt) },
			Released: func(e distlock.Event) { fmt.Println("released", e.Key) },
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer locker.Close()

	ctx := context.Background()
	lock, err := locker.Acquire(ctx, "invoice:42")
	if err != nil {
		fmt.Println(err)
		return
	}
	if _, err := locker.Acquire(ctx, "invoice:42"); err != nil {
		fmt.Println("held by another:", errors.Is(err, distlock.ErrHeld))
	}
	_ = lock.Release(ctx)
	// Output:
	// vote on acquire invoice:42 granted
	// acquired invoice:42 in attempt 1
	// vote on acquire invoice:42 refused
	// waiting for invoice:42 after attempt 1
	// vote on acquire invoice:42 refused
	// held by another: true
	// vote on release invoice:42 granted
	// released invoice:42
}
