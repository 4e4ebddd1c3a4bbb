package contest

import (
	"time"

	"github.com/lilith/distlock/bench/internal/peer"
)

// A Sample is what one turn gave.
type Sample struct {
	Values  map[string]float64   // by Metric.Name; what is missing is unknown
	Latency map[string][]float64 // in seconds, each operation, by "acquire", "release" or "wait"
	Turns   []Turn               // who held the lock when
}

// A Turn is one stay in the critical section.
type Turn struct {
	Worker     int
	Start, End time.Duration // since the turn of the contestant began
}

// An Entrant is a contestant whose Lockers are open.
type Entrant struct {
	Contestant peer.Contestant
	Lockers    []peer.Locker
	Arena      *Arena
	Key        string // begins its keys: nobody else's do, and none of another round's
}
