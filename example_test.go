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

// An attempt that finds the lock held is repeated, after random waits that grow.
func ExampleLocker_Acquire_retries() {
	mr, _ := miniredis.Run() // a Redis for this example
	defer mr.Close()
	client := redis.NewClient(&redis.Options{Addr: mr.Addr()})
	defer client.Close()

	locker, err := single.New(client, distlock.Config{
		KeyPrefix:     "shop:",
		MaxRetries:    4,
		RetryDelay:    10 * time.Millisecond,
		MaxRetryDelay: 50 * time.Millisecond,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer locker.Close()

	ctx := context.Background()
	if _, err := locker.Acquire(ctx, "invoice:42"); err != nil {
		fmt.Println(err)
		return
	}

	_, err = locker.Acquire(ctx, "invoice:42")
	var failed *distlock.AcquisitionError
	if errors.Is(err, distlock.ErrHeld) && errors.As(err, &failed) {
		fmt.Printf("%s is held by another after %d attempts\n", failed.Key, failed.Attempts)
	}
	// Output: invoice:42 is held by another after 5 attempts
}

// A job that another worker has is skipped.
func ExampleLocker_TryAcquire() {
	mr, _ := miniredis.Run()
	defer mr.Close()
	client := redis.NewClient(&redis.Options{Addr: mr.Addr()})
	defer client.Close()
	locker, err := single.New(client, distlock.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer locker.Close()

	backup := func(worker string, work func()) {
		lock, err := locker.TryAcquire(context.Background(), "backup")
		switch {
		case errors.Is(err, distlock.ErrHeld):
			fmt.Println(worker, "skips the backup: another makes it")
			return
		case err != nil:
			fmt.Println(err)
			return
		}
		defer lock.Release(context.Background())
		fmt.Println(worker, "makes the backup")
		work()
	}
	backup("a", func() {
		backup("b", func() {}) // meanwhile, on another machine
	})
	backup("b", func() {}) // the next night
	// Output:
	// a makes the backup
	// b skips the backup: another makes it
	// b makes the backup
}

// Wait for a lock, but not for ever.
func ExampleLocker_WaitForLock() {
	mr, _ := miniredis.Run()
	defer mr.Close()
	client := redis.NewClient(&redis.Options{Addr: mr.Addr()})
	defer client.Close()
	locker, err := single.New(client, distlock.Config{RetryDelay: 10 * time.Millisecond})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer locker.Close()

	ctx := context.Background()
	first, err := locker.Acquire(ctx, "printer")
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = locker.WaitForLock(ctx, "printer", 50*time.Millisecond)
	fmt.Println("given up:", errors.Is(err, context.DeadlineExceeded))

	time.AfterFunc(50*time.Millisecond, func() { _ = first.Release(ctx) })
	second, err := locker.WaitForLock(ctx, "printer", time.Minute)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("held:", second.IsHeld())
	// Output:
	// given up: true
	// held: true
}

// The function's context ends the moment the lease is lost.
func ExampleLocker_Do() {
	mr, _ := miniredis.Run()
	defer mr.Close()
	client := redis.NewClient(&redis.Options{Addr: mr.Addr()})
	defer client.Close()
	locker, err := single.New(client, distlock.Config{TTL: time.Second})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer locker.Close()

	err = locker.Do(context.Background(), "invoice:42", func(ctx context.Context) error {
		fmt.Println("working")
		mr.Del("invoice:42") // somebody's hand
		<-ctx.Done()         // work that heeds its context stops
		return ctx.Err()
	})
	fmt.Println("stopped:", errors.Is(err, context.Canceled))
	fmt.Println("as the lease was lost:", errors.Is(err, distlock.ErrLost))
	// Output:
	// working
	// stopped: true
	// as the lease was lost: true
}

// Anybody may look who holds a key.
func ExampleLocker_Inspect() {
	mr, _ := miniredis.Run()
	defer mr.Close()
	client := redis.NewClient(&redis.Options{Addr: mr.Addr()})
	defer client.Close()
	locker, err := single.New(client, distlock.Config{TTL: time.Minute})
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
	mr.FastForward(20 * time.Second)
	status, err := locker.Inspect(ctx, "invoice:42")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("locked:", status.Locked)
	fmt.Println("by us:", status.Token == lock.Token())
	fmt.Println("fencing token known:", status.FencingToken == lock.FencingToken())
	fmt.Println("free in", status.Remaining)
	fmt.Println("the node's vote:", status.Votes[0].Outcome)
	// Output:
	// locked: true
	// by us: true
	// fencing token known: true
	// free in 40s
	// the node's vote: refused
}
