package chaos

import (
	"fmt"
	"math/rand/v2"
	"sync"
)

// sharedState is what all clients of a run have to do with.
type sharedState struct {
	habits   habits // Name, Index and Life left open
	label    string // of this run's goroutines
	recorder *Recorder
	register Register
	ledger   Ledger

	mu   sync.Mutex
	keys []string // to lock from now on
}

func (s *sharedState) lockKeys() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.keys
}

func (s *sharedState) setKeys(keys []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys = keys
}

// workersOf is how many share the Locker of the client at a place: half of the clients are
// one alone, as if another process; the others have somebody to hand locks on to.
func workersOf(seed uint64, index int) int {
	r := rand.New(rand.NewPCG(seed, uint64(index)))
	return []int{1, 1, 2, 3}[r.IntN(4)]
}

// habitsOf returns those of the client at a place.
func (s *sharedState) habitsOf(index, life int) habits {
	h := s.habits
	h.Keys = s.lockKeys()
	h.Index, h.Life, h.Name = index, life, fmt.Sprintf("client-%d", index+1)
	h.Workers = workersOf(h.Seed, index)
	if life > 0 {
		h.Name += fmt.Sprintf(".%d", life+1)
	}
	return h
}
