package redlock_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/redlock"
	"github.com/lilith/distlock/single"
)

// Three independent masters bear the loss of one.
func Example() {
	var masters []*miniredis.Miniredis
	var clients []redis.UniversalClient
	for range 3 {
		mr, _ := miniredis.Run() // a Redis master for this example
		defer mr.Close()
		client := redis.NewClient(&redis.Options{Addr: mr.Addr()})
		defer client.Close()
		masters, clients = append(masters, mr), append(clients, client)
	}

	locker, err := redlock.New(clients, distlock.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer locker.Close()

	masters[0].Close() // one is down

	ctx := context.Background()
	lock, err := locker.Acquire(ctx, "invoice:42")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("held:", lock.IsHeld())
	fmt.Println("released:", lock.Release(ctx) == nil)
	// Output:
	// held: true
	// released: true
}

// The same program runs on one node and on a quorum: both constructors return
// the same Locker.
func ExampleNew() {
	var clients []redis.UniversalClient
	for range 5 {
		mr, _ := miniredis.Run()
		defer mr.Close()
		client := redis.NewClient(&redis.Options{Addr: mr.Addr()})
		defer client.Close()
		clients = append(clients, client)
	}

	bill := func(locker *distlock.Locker, err error) {
		if err != nil {
			fmt.Println(err)
			return
		}
		defer locker.Close()
		err = locker.Do(context.Background(), "billing", func(context.Context) error {
			fmt.Println("billed")
			return nil
		})
		if err != nil {
			fmt.Println(err)
		}
	}
	bill(single.New(clients[0], distlock.Config{KeyPrefix: "shop:"}))
	bill(redlock.New(clients, distlock.Config{KeyPrefix: "shop:"}))
	// Output:
	// billed
	// billed
}

// A leader holds a lock that renews itself, and steps down when it is lost.
func Example_leaderElection() {
	var masters []*miniredis.Miniredis
	var clients []redis.UniversalClient
	for range 3 {
		mr, _ := miniredis.Run()
		defer mr.Close()
		client := redis.NewClient(&redis.Options{Addr: mr.Addr()})
		defer client.Close()
		masters, clients = append(masters, mr), append(clients, client)
	}
	// A heartbeat every third of the TTL; a leader that dies is followed within one.
	locker, err := redlock.New(clients, distlock.Config{TTL: time.Second})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer locker.Close()

	ctx := context.Background()
	leader, err := locker.Acquire(ctx, "leader", distlock.WithAutoExtend())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("a leads")
	_, err = locker.TryAcquire(ctx, "leader")
	fmt.Println("b follows:", errors.Is(err, distlock.ErrHeld))

	for _, mr := range masters {
		mr.Del("leader") // somebody's hand
	}
	<-leader.Done() // with the next heartbeat
	fmt.Println("a steps down:", errors.Is(leader.Err(), distlock.ErrLost))

	successor, err := locker.Acquire(ctx, "leader", distlock.WithAutoExtend())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("b leads")
	fmt.Println("b resigns:", successor.Release(ctx) == nil)
	// Output:
	// a leads
	// b follows: true
	// a steps down: true
	// b leads
	// b resigns: true
}
