package model

import "math/bits"

// Nodes are alike, and so are attempts: a name is only a name. A state's canonical
// form has both in a fixed order, so that states which differ in names alone are one
// state, of N! times A! at best.

// maxWords is the width of the widest packed state.
const maxWords = 1 + MaxAttempts + MaxNodes*(1+MaxAttempts/2)

// columnWords is the width of a node with its cells.
func (m *machine) columnWords() int { return 1 + (m.attempts+1)/2 }

// words is the width of a packed state of m.
func (m *machine) words() int { return 1 + m.attempts + m.nodes*m.columnWords() }

// An order is a renaming: what stands at i in the new state stood at order[i].
type order struct {
	nodes    [MaxNodes]uint8
	attempts [MaxAttempts]uint8
}

// canonical packs s, with nodes and attempts in order, into out, which is words()
// wide. Equal states give equal words; of states that differ in names alone a few may
// not, where attempts look alike to a first glance, which costs no more than time.
func (m *machine) canonical(s *state, out []uint64) order {
	var o order
	if m.sortAttempts(s, &o) {
		moved := m.rename(s, &o)
		s = &moved
	}
	var left packer
	left.put(s.resends, 2)
	left.put(s.handOvers, 2)
	left.put(s.forgets, 3)
	out[0] = left.word
	for a := range m.attempts {
		out[1+a] = s.tries[a].pack()
	}
	width := m.columnWords()
	// Nodes are sorted by all there is to them, so that their order is settled but
	// for nodes that are equal. Few nodes: insertion is the quickest.
	columns := out[1+m.attempts:]
	for i := range m.nodes {
		column := columns[i*width : (i+1)*width]
		m.packColumn(s, i, column)
		o.nodes[i] = uint8(i)
		for j := i; j > 0; j-- {
			left, right := columns[(j-1)*width:j*width], columns[j*width:(j+1)*width]
			if !less(right, left) {
				break
			}
			for k := range left {
				left[k], right[k] = right[k], left[k]
			}
			o.nodes[j], o.nodes[j-1] = o.nodes[j-1], o.nodes[j]
		}
	}
	return o
}

func less(a, b []uint64) bool {
	for k := range a {
		if a[k] != b[k] {
			return a[k] < b[k]
		}
	}
	return false
}

// sortAttempts orders attempts by what they are, whatever the nodes are called. It
// reports whether that is another order than theirs.
func (m *machine) sortAttempts(s *state, o *order) (changed bool) {
	var keys [MaxAttempts]uint64
	for a := range m.attempts {
		// A sum, since the nodes have no order yet.
		t := s.tries[a]
		t.from = min(t.from, 1) // which one has no name yet either
		key := mix(t.pack())
		for i := range m.nodes {
			n := &s.nodes[i]
			w := uint64(s.cells[i][a].pack()) | uint64(n.dead>>a&1)<<32 | uint64(n.wait[a])<<33
			if s.mine(i, a) {
				w |= 1 << 35
			}
			key += mix(w)
		}
		at := a
		for ; at > 0 && keys[at-1] > key; at-- {
			keys[at], o.attempts[at] = keys[at-1], o.attempts[at-1]
			changed = true
		}
		keys[at], o.attempts[at] = key, uint8(a)
	}
	return changed
}

// rename returns s with its attempts in the order o.
func (m *machine) rename(s *state, o *order) state {
	r := state{resends: s.resends, forgets: s.forgets, handOvers: s.handOvers}
	for i := range m.nodes {
		n := &r.nodes[i]
		n.end, n.counter = s.nodes[i].end, s.nodes[i].counter
		for to := range m.attempts {
			from := int(o.attempts[to])
			r.cells[i][to] = s.cells[i][from]
			n.wait[to] = s.nodes[i].wait[from]
			n.dead |= s.nodes[i].dead >> from & 1 << to
			if s.mine(i, from) {
				n.owner = uint8(to + 1)
			}
		}
	}
	for to := range m.attempts {
		r.tries[to] = s.tries[o.attempts[to]]
		for now, was := range o.attempts[:m.attempts] {
			if r.tries[to].from == was+1 {
				r.tries[to].from = uint8(now + 1)
				break
			}
		}
	}
	return r
}

// mix scrambles a word, with the multiply-and-fold of wyhash.
func mix(w uint64) uint64 {
	hi, lo := bits.Mul64(w^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93)
	w = hi ^ lo
	hi, lo = bits.Mul64(w^0xa0761d6478bd642f, 0xe7037ed1a0b428db)
	return hi ^ lo
}

// A digest stands for a packed state: two states of some ten millions have the same
// one with a chance of less than one in 10^22.
type digest struct{ hi, lo uint64 }

func digestOf(words []uint64) digest {
	d := digest{0x2d358dccaa6c78a5, 0x8bb84b93962eacc9}
	for _, w := range words {
		hi, lo := bits.Mul64(d.lo^w, 0x9e3779b97f4a7c15)
		d.lo = bits.RotateLeft64(d.hi, 23) ^ hi ^ lo
		hi, lo = bits.Mul64(d.hi^w^0x4b33a62ed433d4a3, 0xd6e8feb86659fd93)
		d.hi = d.lo + (hi ^ lo)
	}
	return digest{mix(d.hi), mix(d.lo ^ d.hi)}
}
