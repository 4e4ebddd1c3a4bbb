package single_test

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

// Take the lock, work, give it back.
func Example() {
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
	lock, err := locker.Acquire(ctx, "invoice:42")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("held:", lock.IsHeld())

	if err := lock.Release(ctx); err != nil {
		fmt.Println(err)
	}
	fmt.Println("held:", lock.IsHeld())
	// Output:
	// held: true
	// held: false
}

// Everything that a Config leaves out has a default; what it gets wrong is
// refused with the field's name.
func ExampleNew() {
	mr, _ := miniredis.Run()
	defer mr.Close()
	client := redis.NewClient(&redis.Options{Addr: mr.Addr()})
	defer client.Close()

	locker, err := single.New(client, distlock.Config{KeyPrefix: "shop:", TTL: time.Minute})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer locker.Close()

	lock, err := locker.Acquire(context.Background(), "invoice:42")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("key:", lock.Key())
	fmt.Println("on Redis, shop:invoice:42 is the token:", mr.Exists("shop:invoice:42"))
	fmt.Println("it expires in", mr.TTL("shop:invoice:42"))

	_, err = single.New(client, distlock.Config{TTL: -time.Second})
	fmt.Println(err)
	// Output:
	// key: invoice:42
	// on Redis, shop:invoice:42 is the token: true
	// it expires in 1m0s
	// distlock: invalid argument: Config.TTL is -1s: a lease lasts at least 10ms; lengthen it, or leave it out for the default
}

// A lease that is left to run out is a rate limit: one report a minute for each
// user, on however many servers.
func Example_rateLimit() {
	mr, _ := miniredis.Run()
	defer mr.Close()
	client := redis.NewClient(&redis.Options{Addr: mr.Addr()})
	defer client.Close()
	locker, err := single.New(client, distlock.Config{KeyPrefix: "limit:"})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer locker.Close()

	report := func(user string) {
		_, err := locker.TryAcquire(context.Background(), "report:"+user, distlock.WithTTL(time.Minute))
		switch {
		case errors.Is(err, distlock.ErrHeld):
			fmt.Println(user, "has to wait")
		case err != nil:
			fmt.Println(err)
		default:
			fmt.Println(user, "gets a report") // and the lease is not released
		}
	}
	report("alice")
	report("alice")
	report("bob")
	mr.FastForward(time.Minute)
	report("alice")
	// Output:
	// alice gets a report
	// alice has to wait
	// bob gets a report
	// alice gets a report
}
