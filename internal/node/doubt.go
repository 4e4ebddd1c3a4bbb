package node

import (
	"sync"
	"sync/atomic"
)

// doubts are the tokens of which a request that sets the key may be on its way yet,
// though another was answered: a second copy was sent after the connection broke, or
// the key was repaired where the acquire request had gone unanswered. The release of
// such a token leaves a tombstone even where it finds the key and deletes it.
type doubts struct {
	number atomic.Int32 // of tokens: a release where there is none costs one load

	mu     sync.Mutex
	tokens map[string]struct{}
	order  []string // oldest first
}

// maxDoubts bounds how many tokens are remembered; one forgotten costs at worst a
// key that stands for its TTL.
const maxDoubts = 4096

func (d *doubts) note(token string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, known := d.tokens[token]; known {
		return
	}
	if d.tokens == nil {
		d.tokens = make(map[string]struct{})
	}
	if len(d.order) == maxDoubts {
		delete(d.tokens, d.order[0])
		d.order = d.order[1:]
	}
	d.tokens[token] = struct{}{}
	d.order = append(d.order, token)
	d.number.Store(int32(len(d.tokens)))
}

// doubtful reports whether a release of token must leave a tombstone.
func (d *doubts) doubtful(token string) bool {
	if d.number.Load() == 0 {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	_, known := d.tokens[token]
	return known
}
