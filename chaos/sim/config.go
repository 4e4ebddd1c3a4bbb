package sim

import (
	"math/rand/v2"
	"time"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/chaos"
)

// A Config is a whole run: the same Config gives the same history.
type Config struct {
	Seed    uint64
	Nodes   int
	Clients int
	Workers []int // of each client, who share its Locker
	Keys    int

	// Faults rage for Duration, in virtual time; Calm follows.
	Duration, Calm time.Duration

	// Library is what the clients' Lockers are made with. Its RestartGuard, where
	// there is one, is no less than any lease.
	Library distlock.Config

	// Think is the longest that a client does without the lock between two sections.
	Think time.Duration

	// Storm is how often, of 1,000 messages, one is late, or its connection breaks.
	Storm int

	// Plan has the faults.
	Plan []chaos.Planned

	// Month tells that DrawMonth has drawn it.
	Month bool

	// Miniredis runs the Lua scripts themselves, on miniredis, in place of the twins.
	Miniredis bool
}

// Draw returns the run that a seed stands for. With miniredis there is no restart
// guard: it has no INFO for scripts.
func Draw(seed uint64, miniredis bool) Config {
	r := rand.New(rand.NewPCG(seed, 0x5eed))
	c := Config{
		Seed:      seed,
		Nodes:     []int{1, 2, 3, 3, 3, 4, 5, 5, 5, 7}[r.IntN(10)],
		Clients:   2 + r.IntN(3),
		Keys:      1 + r.IntN(2),
		Storm:     []int{0, 5, 30, 150}[r.IntN(4)],
		Miniredis: miniredis,
	}
	ttl := even(between(r, 300*time.Millisecond, 8*time.Second))
	c.Library = distlock.Config{
		KeyPrefix:   "sim:",
		TTL:         ttl,
		MaxRetries:  r.IntN(6),
		RetryDelay:  between(r, 5*time.Millisecond, ttl/4),
		NodeTimeout: between(r, ttl/20, ttl*19/20).Round(time.Microsecond),
		NoFencing:   r.IntN(10) == 0,
	}
	c.Library.MaxRetryDelay = max(ttl/2, c.Library.RetryDelay)
	if !miniredis && r.IntN(2) == 0 {
		c.Library.RestartGuard = ttl + between(r, 0, ttl)
	}
	c.Duration = between(r, 2*ttl, 5*ttl)
	if r.IntN(8) == 0 {
		c.Duration *= 4
	}
	c.Think = ttl / 3
	// Keys of the last moment may live for a lease, and a node may abstain for a guard.
	c.Calm = 2*ttl + c.Library.RestartGuard + 3*time.Second
	kinds := append(chaos.Kinds(), suspends)
	c.Plan = chaos.Plan(seed, kinds, c.Nodes, c.Clients, ttl, c.Duration)
	c.Calm += setBack(c.Plan)
	c.drawWorkers(r)
	c.Library.NoWakeups = r.IntN(4) == 0 || miniredis // which runs without connections
	return c
}

// drawWorkers has about half of the clients be ones of several workers.
func (c *Config) drawWorkers(r *rand.Rand) {
	for range c.Clients {
		c.Workers = append(c.Workers, []int{1, 1, 1, 2, 3, 5}[r.IntN(6)])
	}
}

// DrawMonth returns a month of jobs that run about once an hour, as most jobs behind a
// lock do, on nodes and networks that have all the faults there are in it: more than
// a real month has by a factor of thousands.
func DrawMonth(seed uint64) Config {
	r := rand.New(rand.NewPCG(seed, 0x307))
	c := Config{
		Seed:     seed,
		Nodes:    []int{1, 3, 3, 5, 5, 7}[r.IntN(6)],
		Clients:  2 + r.IntN(3),
		Keys:     1 + r.IntN(2),
		Storm:    []int{0, 1, 10}[r.IntN(3)],
		Think:    time.Hour,
		Month:    true,
		Duration: 730 * time.Hour,
	}
	ttl := even(between(r, 5*time.Second, 30*time.Second))
	c.Library = distlock.Config{KeyPrefix: "sim:", TTL: ttl, NodeTimeout: between(r, 50*time.Millisecond, time.Second)}
	if r.IntN(2) == 0 {
		c.Library.RestartGuard = ttl + between(r, 0, ttl)
	}
	c.Library.MaxRetryDelay = max(ttl/4, 2*time.Second)
	c.Calm = 2*time.Hour + 2*ttl + c.Library.RestartGuard
	// Faults last for minutes, some for an hour.
	c.Plan = chaos.Plan(seed, append(chaos.Kinds(), suspends), c.Nodes, c.Clients, 40*time.Minute, c.Duration)
	c.Calm += setBack(c.Plan)
	c.drawWorkers(r)
	return c
}

// setBack returns by how much a node's clock is set back in all, at the most: for so long
// may a key outlive its lease, and nobody has it meanwhile.
func setBack(plan []chaos.Planned) time.Duration {
	var total time.Duration
	for i := range plan {
		switch f := plan[i].Fault.(type) {
		case chaos.JumpClock:
			total += max(0, -f.By)
		case chaos.JumpClocks:
			total += max(0, -f.By)
		}
	}
	return total
}

// between draws a duration from low to high, to the nanosecond, so that few things
// happen at one instant.
func between(r *rand.Rand, low, high time.Duration) time.Duration {
	return low + time.Duration(r.Int64N(int64(max(high-low, 0))+1))
}

// even cuts d to an even number of milliseconds.
func even(d time.Duration) time.Duration { return d.Truncate(2 * time.Millisecond) }

// Command returns the command line that repeats the run.
func (c *Config) Command() string {
	return Hunt{From: c.Seed, Runs: 1, Miniredis: c.Miniredis, Months: c.Month}.Command()
}

// holders is how many clients there will have been, those that follow others included.
func (c *Config) holders() int {
	n := c.Clients
	for i := range c.Plan {
		if c.Plan[i].Fault.Row() == chaos.HolderCrash {
			n++
		}
	}
	return n
}
