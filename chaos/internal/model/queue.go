package model

// A queue holds packed states, first in, first out, and words of a fixed width in
// chunks: it never copies what it holds to grow, and gives back what it has read.
type queue struct {
	width  int
	chunks [][]uint64 // the first one is read, the last one written
	read   int        // words read of the first
	spare  [][]uint64 // read, to be written again
}

// chunkStates is how many states a chunk has room for.
const chunkStates = 1 << 12

// push appends a copy of words, which are of the queue's width.
func (q *queue) push(words []uint64) {
	if last := len(q.chunks) - 1; last < 0 || len(q.chunks[last]) == cap(q.chunks[last]) {
		if n := len(q.spare); n > 0 {
			q.chunks = append(q.chunks, q.spare[n-1])
			q.spare = q.spare[:n-1]
		} else {
			q.chunks = append(q.chunks, make([]uint64, 0, chunkStates*q.width))
		}
	}
	last := &q.chunks[len(q.chunks)-1]
	*last = append(*last, words...)
}

// pop returns the words pushed first, good until the next push, or nil where there
// are none.
func (q *queue) pop() []uint64 {
	if len(q.chunks) == 0 || q.read == len(q.chunks[0]) {
		return nil
	}
	words := q.chunks[0][q.read : q.read+q.width]
	q.read += q.width
	if q.read == cap(q.chunks[0]) {
		q.spare = append(q.spare, q.chunks[0][:0])
		q.chunks, q.read = q.chunks[1:], 0
	}
	return words
}

// A link is the step that first led to a state, and the number of the state before.
type link struct {
	parent uint32
	act    action
}

// links are numbered from 0, and held in chunks for the same reason.
type links [][]link

const chunkLinks = 1 << 14

func (l *links) add(next link) {
	if last := len(*l) - 1; last < 0 || len((*l)[last]) == chunkLinks {
		*l = append(*l, make([]link, 0, chunkLinks))
	}
	last := &(*l)[len(*l)-1]
	*last = append(*last, next)
}

func (l links) at(n int) link { return l[n/chunkLinks][n%chunkLinks] }
