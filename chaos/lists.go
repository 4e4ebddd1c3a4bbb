package chaos

import (
	"slices"
	"sync"
)

// lists are what a client's workers have read from the unfenced resource, each for
// himself. The zero value has none.
type lists struct {
	mu       sync.Mutex
	byWorker map[int][]int64
}

func (s *lists) read(from *Ledger, worker int, key string) {
	list := from.Read(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.byWorker == nil {
		s.byWorker = make(map[int][]int64)
	}
	s.byWorker[worker] = list
}

// put writes back what the worker read last, with value added.
func (s *lists) put(to *Ledger, worker int, key string, value int64) {
	s.mu.Lock()
	list := append(slices.Clip(s.byWorker[worker]), value)
	s.mu.Unlock()
	to.Put(key, list)
}
