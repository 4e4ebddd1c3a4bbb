package server

import (
	"math/rand/v2"
	"time"
)

// A Network is what a proxy adds to each answer. The zero value adds nothing.
type Network struct {
	Base     time.Duration // to every answer
	Tail     time.Duration // to some besides
	TailPart float64       // how many of all, 0 to 1
}

// draw returns the delay of one answer.
func (n Network) draw() time.Duration {
	if n.TailPart > 0 && rand.Float64() < n.TailPart {
		return n.Base + n.Tail
	}
	return n.Base
}
