package model

// A visited is a set of digests: open addressing, 16 bytes a slot and no pointers.
type visited struct {
	slots []digest
	size  int
}

func newVisited() *visited { return &visited{slots: make([]digest, 1<<12)} }

// add reports whether d was not in the set.
func (v *visited) add(d digest) bool {
	if d == (digest{}) {
		d.lo = 1 // the zero digest is an empty slot
	}
	if v.size*4 >= len(v.slots)*3 {
		v.grow()
	}
	at := v.find(d)
	if v.slots[at] == d {
		return false
	}
	v.slots[at] = d
	v.size++
	return true
}

// find returns where d is, or would be: the first free slot from where its low bits
// point to. There always is one.
func (v *visited) find(d digest) uint64 {
	last := uint64(len(v.slots) - 1)
	for at := d.lo & last; ; at = (at + 1) & last {
		if v.slots[at] == d || v.slots[at] == (digest{}) {
			return at
		}
	}
}

// grow doubles the set before it is three quarters full, where searches get long.
func (v *visited) grow() {
	old := v.slots
	v.slots = make([]digest, 2*len(old))
	for _, d := range old {
		if d != (digest{}) {
			v.slots[v.find(d)] = d
		}
	}
}
