package chaos_test

import (
	"context"
	"fmt"
	"time"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/chaos"
	"github.com/lilith/distlock/redlock"
)

// A test of your own program: nodes, hooks that record what its Locker does, a fault,
// and a check of what was recorded. In a test, chaos.Embedded(t, 5) is shorter.
func Example() {
	ctx := context.Background()
	cluster, err := chaos.StartEmbedded(5, chaos.ClusterOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cluster.Close()
	recorder := chaos.NewRecorder()
	locker, err := redlock.New(cluster.Dial(), distlock.Config{Trace: recorder.Trace("payments")})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer locker.Close()

	heal, err := chaos.Inject(ctx, chaos.Freeze{Node: 1}, cluster, recorder)
	if err != nil {
		fmt.Println(err)
		return
	}
	err = locker.Do(ctx, "account:7", func(context.Context) error {
		return nil // your program
	})
	fmt.Println("locked while a node was frozen:", err == nil)
	fmt.Println("healed:", heal() == nil)

	verdict := chaos.Check(recorder.History(), chaos.Limits{Slack: time.Second})
	fmt.Println("violations:", len(verdict.Violations))
	// Output:
	// locked while a node was frozen: true
	// healed: true
	// violations: 0
}

// A run of its own clients: what the command distlock chaos does.
func ExampleRun() {
	report, err := chaos.Run(context.Background(), chaos.Options{Nodes: 3, Duration: time.Second})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("nothing violated:", report.OK())
	fmt.Println("leases:", report.Counts["acquired"] > 0)
	// Output:
	// nothing violated: true
	// leases: true
}

// A nemesis injects what a seed plans, while your program runs.
func ExampleNemesis() {
	cluster, err := chaos.StartEmbedded(3, chaos.ClusterOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cluster.Close()
	recorder := chaos.NewRecorder()
	kinds, err := chaos.KindsOf("slow", "reply-lost", "noscript")
	if err != nil {
		fmt.Println(err)
		return
	}
	const lease = 50 * time.Millisecond
	plan := chaos.Plan(42, kinds, 3, 0, lease, 10*lease)
	var nemesis chaos.Nemesis
	err = nemesis.Run(context.Background(), plan, cluster, recorder)
	fmt.Println("all healed:", err == nil)
	fmt.Println("all recorded:", nemesis.Injected() == len(recorder.History().Injections))
	// Output:
	// all healed: true
	// all recorded: true
}

// Faults are values: a plan can be written by hand, and printed.
func ExamplePlanned() {
	plan := []chaos.Planned{
		{At: 100 * time.Millisecond, For: 2 * time.Second, Fault: chaos.Freeze{Node: 0}},
		{At: 200 * time.Millisecond, For: time.Second, Fault: chaos.Slow{Node: 2, By: 50 * time.Millisecond}},
		{At: 300 * time.Millisecond, Fault: chaos.JumpClock{Node: 1, By: -time.Minute}},
	}
	for _, p := range plan {
		fmt.Println(p)
	}
	// Output:
	// at 100ms for 2s: freeze of node 0
	// at 200ms for 1s: slow (50ms) on node 2
	// at 300ms for 0s: clock back (1m0s) on node 1
}

// A seed plans the same faults each time.
func ExamplePlan() {
	kinds, err := chaos.KindsOf("crash", "partition")
	if err != nil {
		fmt.Println(err)
		return
	}
	one := chaos.Plan(7, kinds, 5, 0, time.Second, time.Minute)
	two := chaos.Plan(7, kinds, 5, 0, time.Second, time.Minute)
	fmt.Println(len(one) > 50, one[20] == two[20])
	// Output:
	// true true
}
