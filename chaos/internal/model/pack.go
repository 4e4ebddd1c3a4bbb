package model

// This file packs a state into few words, for the queue and the visited set, and
// takes it out again. Its widths are why Config has bounds.

// A packer puts fields one after another into a word, the first one lowest.
type packer struct {
	word uint64
	at   uint
}

func (p *packer) put(v uint8, width uint) {
	p.word |= uint64(v) << p.at
	p.at += width
}

func (p *packer) putBool(v bool) {
	if v {
		p.word |= 1 << p.at
	}
	p.at++
}

// take takes the next field out of a word that a packer made.
func take(word *uint64, width uint) uint8 {
	v := uint8(*word & (1<<width - 1))
	*word >>= width
	return v
}

// pack returns the attempt in 47 bits.
func (t *attempt) pack() uint64 {
	var p packer
	p.put(uint8(t.phase), 3)
	p.put(t.hint, 8)
	p.put(t.floor, 8)
	p.put(t.proposal, 8)
	p.put(t.token, 8)
	p.put(t.sent, 2)
	p.put(t.belief, 2)
	p.put(t.ended, 2)
	p.put(t.extra, 2)
	p.put(t.from, 4)
	return p.word
}

// unpackAttempt takes the fields out in the order in which pack put them in, which
// Go's order of evaluation keeps; so do the other two.
func unpackAttempt(w uint64) attempt {
	return attempt{
		phase: phase(take(&w, 3)), hint: take(&w, 8), floor: take(&w, 8),
		proposal: take(&w, 8), token: take(&w, 8),
		sent: take(&w, 2), belief: take(&w, 2), ended: take(&w, 2), extra: take(&w, 2), from: take(&w, 4),
	}
}

// pack returns the cell in 24 bits.
func (c *cell) pack() uint32 {
	var p packer
	p.put(uint8(c.acquire), 3)
	p.put(c.counter, 8)
	p.put(c.copies, 2)
	p.put(uint8(c.accept), 2)
	p.put(uint8(c.extend), 3)
	p.put(c.repair, 2)
	p.put(uint8(c.release), 2)
	p.putBool(c.doubt)
	p.putBool(c.had)
	return uint32(p.word)
}

func unpackCell(half uint32) cell {
	w := uint64(half)
	return cell{
		acquire: acquireState(take(&w, 3)), counter: take(&w, 8), copies: take(&w, 2),
		accept: acceptState(take(&w, 2)), extend: extendState(take(&w, 3)),
		repair: take(&w, 2), release: releaseState(take(&w, 2)),
		doubt: take(&w, 1) == 1, had: take(&w, 1) == 1,
	}
}

// pack returns the node in 38 bits: an end is at most maxExtends, and a number of
// ends to wait for one more.
func (n *node) pack() uint64 {
	var p packer
	p.put(n.owner, 4)
	p.put(n.end, 2)
	p.put(n.counter, 8)
	p.put(n.dead, 8)
	for _, ends := range n.wait {
		p.put(ends, 2)
	}
	return p.word
}

func unpackNode(w uint64) node {
	n := node{owner: take(&w, 4), end: take(&w, 2), counter: take(&w, 8), dead: take(&w, 8)}
	for a := range n.wait {
		n.wait[a] = take(&w, 2)
	}
	return n
}

// packColumn packs node i and its cells, two to a word.
func (m *machine) packColumn(s *state, i int, out []uint64) {
	clear(out)
	out[0] = s.nodes[i].pack()
	for a := range m.attempts {
		out[1+a/2] |= uint64(s.cells[i][a].pack()) << (a % 2 * 32)
	}
}

// unpack is the other way round of canonical.
func (m *machine) unpack(words []uint64) state {
	w := words[0]
	s := state{resends: take(&w, 2), handOvers: take(&w, 2), forgets: take(&w, 3)}
	for a := range m.attempts {
		s.tries[a] = unpackAttempt(words[1+a])
	}
	width := m.columnWords()
	for i := range m.nodes {
		column := words[1+m.attempts+i*width:]
		s.nodes[i] = unpackNode(column[0])
		for a := range m.attempts {
			s.cells[i][a] = unpackCell(uint32(column[1+a/2] >> (a % 2 * 32)))
		}
	}
	return s
}
