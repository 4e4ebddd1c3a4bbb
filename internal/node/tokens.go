package node

import (
	"sync"
	"sync/atomic"
)

// tokens is a set of the owners' tokens of which something out of the common is known.
// It forgets the oldest rather than grow without end, so that what follows from a
// token's absence must be safe. The zero value is empty.
type tokens struct {
	number atomic.Int32 // of tokens: to ask an empty set costs one load

	mu    sync.Mutex
	known map[string]struct{}
	order []string // oldest first
}

// maxTokens bounds a set.
const maxTokens = 4096

func (s *tokens) add(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.known[token]; known {
		return
	}
	if s.known == nil {
		s.known = make(map[string]struct{})
	}
	if len(s.order) == maxTokens {
		delete(s.known, s.order[0])
		s.order = s.order[1:]
	}
	s.known[token] = struct{}{}
	s.order = append(s.order, token)
	s.number.Store(int32(len(s.known)))
}

func (s *tokens) has(token string) bool {
	if s.number.Load() == 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	_, known := s.known[token]
	return known
}
