package sim

import (
	"encoding/binary"
	"math/rand/v2"
	"sync"
)

// A source is a seeded stream of bytes, for tokens.
type source struct {
	mu   sync.Mutex
	rand *rand.PCG
}

// Read implements io.Reader.
func (s *source) Read(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := 0; i < len(p); i += 8 {
		var word [8]byte
		binary.LittleEndian.PutUint64(word[:], s.rand.Uint64())
		copy(p[i:], word[:])
	}
	return len(p), nil
}
