package chaos

import (
	"context"
	"errors"
	"math/bits"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// A NodeSet is a set of nodes, by their index below 64.
type NodeSet uint64

// SetOf returns the set of the given nodes.
func SetOf(nodes ...int) NodeSet {
	var s NodeSet
	for _, i := range nodes {
		s |= 1 << i
	}
	return s
}

// Len returns how many nodes s has.
func (s NodeSet) Len() int { return bits.OnesCount64(uint64(s)) }

// Has reports whether s has node i.
func (s NodeSet) Has(i int) bool { return s>>i&1 == 1 }

// List returns the nodes of s, in order.
func (s NodeSet) List() []int {
	list := make([]int, 0, s.Len())
	for i := range 64 {
		if s.Has(i) {
			list = append(list, i)
		}
	}
	return list
}

func (s NodeSet) String() string {
	names := make([]string, 0, s.Len())
	for _, i := range s.List() {
		names = append(names, strconv.Itoa(i))
	}
	return strings.Join(names, ", ")
}

// drawSet draws a set of size nodes out of n.
func drawSet(r *rand.Rand, n, size int) NodeSet { return SetOf(r.Perm(n)[:size]...) }

// inject suffers the same on every node of s, or on none.
func (s NodeSet) inject(ctx context.Context, one func(i int) (func(context.Context) error, error)) (func(context.Context) error, error) {
	open := make(map[int]func(context.Context) error, s.Len())
	heal := func(ctx context.Context) error {
		var errs []error
		for _, i := range s.List() {
			if open[i] == nil {
				continue
			}
			if err := open[i](ctx); err != nil {
				errs = append(errs, err)
				continue
			}
			delete(open, i) // healing is tried again, for the rest
		}
		return errors.Join(errs...)
	}
	for _, i := range s.List() {
		h, err := one(i)
		if err != nil {
			return nil, errors.Join(err, heal(context.WithoutCancel(ctx)))
		}
		open[i] = h
	}
	return heal, nil
}

// A Wide fault acts on several nodes.
type Wide interface {
	Fault
	On() NodeSet
}

// A Lasting fault is not what it says when it is healed sooner than it Lasts.
type Lasting interface {
	Fault
	Lasts() time.Duration
}

// An Aimed fault hurts most at a certain moment. Aim waits for it, or for ctx to end,
// which is no reason not to inject the fault.
type Aimed interface {
	Fault
	Aim(ctx context.Context, w World) error
}
