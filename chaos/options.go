package chaos

import (
	"time"

	"github.com/lilith/distlock"
)

// Options say what Run does. The zero value is a run of half a minute on five
// embedded nodes.
type Options struct {
	// Seed decides which faults come when, and what clients do next; 0 draws one. The
	// same seed plans the same faults; threads and networks still take their own time.
	// For runs that repeat to the byte see package sim.
	Seed uint64

	Duration time.Duration // faults rage so long; default 25 s, and about 5 s to settle follow
	Nodes    int           // default 5; of URLs their number
	Clients  int           // default 6; about half of them are several workers that share a Locker
	Keys     int           // default 2
	TTL      time.Duration // of most leases, default 800 ms
	Guard    time.Duration // Config.RestartGuard; default a little over TTL, negative for none

	// Kinds are the faults to choose from; default all that the world can suffer.
	Kinds []Kind

	// Config is the library's; TTL, KeyPrefix, RestartGuard and Trace are the run's.
	Config distlock.Config

	// Processes starts redis-server processes, and clients that are processes too.
	// The program must call [Worker] first thing in its main or TestMain.
	Processes bool

	// URLs are servers of the user's own, redis:// or rediss://, to run against, behind
	// proxies. Destructive faults need AllowDestructive.
	URLs             []string
	AllowDestructive bool

	// Observe, where not nil, is called a few times a second with how it goes.
	Observe func(Progress)

	// Command is the program's name in the command that repeats the run.
	Command string

	locker newLocker     // that makes clients' Lockers; nil is the library's
	epoch  time.Duration // see archive; 0 is epochLength
}

// Progress tells how a run goes.
type Progress struct {
	Elapsed, Of time.Duration
	Phase       string // "starting", "faults", "settling", "checking", "done"
	Faults      int    // injected so far
	Active      []string
	Acquired    int // leases so far
	Violations  int // found so far
}
