package model

// This file is the scripts: what one node does with one request, in one step. The
// names of the functions are those of the files in internal/scripts.

// An answer is what an acquire request would get.
type answer uint8

const (
	granted answer = iota
	refused
	abstained
)

// wouldAcquire is acquire.lua up to its first write. A repair is guarded like any
// other: it does grant nothing new, but the node may have forgotten whom it granted
// the lock since, and who counts that grant.
func (m *machine) wouldAcquire(s *state, i, a int, repair bool) answer {
	n, from := &s.nodes[i], s.tries[a].from
	unasked := repair && m.lacks(RepairGuard) || from != 0 && m.lacks(HandOverGuard)
	free := n.owner == 0 || s.mine(i, a) || n.owner == from || from != 0 && m.lacks(HandOverOwner)
	dead := n.dead&(1<<a) != 0 && (from == 0 || !m.lacks(HandOverHonours))
	switch {
	case s.abstains(i) && !unasked:
		return abstained
	case !free, dead:
		return refused
	default:
		return granted
	}
}

// acquire is acquire.lua where it grants. It returns the counter granted. A key that
// is set outlives the given end; one that was mine keeps the end it had, if later.
func (m *machine) acquire(s *state, i, a int, hint, end uint8) uint8 {
	n := &s.nodes[i]
	if s.mine(i, a) {
		// The same grant again: nobody else can have raised the counter.
		n.end = max(n.end, end)
		return n.counter
	}
	if s.tries[a].from == 0 || !m.lacks(HandOverCounter) {
		n.counter = max(n.counter+1, hint)
	}
	n.owner, n.end = uint8(a+1), end
	s.cells[i][a].had = s.tries[a].sent > 0
	m.checkSet(s, i, a)
	return n.counter
}

// wouldAccept is accept.lua up to its write.
func (m *machine) wouldAccept(s *state, i, a int) bool {
	if !s.mine(i, a) && !m.lacks(AcceptOwner) {
		return false
	}
	return s.nodes[i].counter <= s.tries[a].proposal || m.lacks(AcceptCounter)
}

// accept is accept.lua where it accepts.
func (m *machine) accept(s *state, i, a int) { s.nodes[i].counter = s.tries[a].proposal }

// extend is extend.lua. It returns what it answers.
func (m *machine) extend(s *state, i, a int) extendState {
	n := &s.nodes[i]
	switch {
	case s.mine(i, a):
		n.end = max(n.end, s.tries[a].sent)
		return extendMine
	case m.lacks(ExtendOwner):
		if n.owner != 0 {
			m.breaks(OthersUntouched)
		}
		m.breaks(NoRevival)
		n.owner, n.end = uint8(a+1), s.tries[a].sent
		return extendMine
	case n.owner == 0:
		return extendAbsent
	default:
		return extendOther
	}
}

// release is release.lua.
func (m *machine) release(s *state, i, a int) {
	n, c := &s.nodes[i], &s.cells[i][a]
	mine := s.mine(i, a)
	if n.owner != 0 && !mine && m.lacks(ReleaseOwner) {
		m.breaks(OthersUntouched)
		mine = true
	}
	if mine {
		n.owner, n.end = 0, 0
	}
	// Where the key is not there an acquire request may yet come.
	if (!mine || c.release == releaseDead) && !m.lacks(Tombstone) {
		n.dead |= 1 << a
	}
	c.release = releaseDone
}

// releaseFirst is handover.lua's first half, where attempt a was handed the lock. The
// second is that of any acquire request, in the same step.
func (m *machine) releaseFirst(s *state, i, a int) {
	from := s.tries[a].from
	if from == 0 {
		return
	}
	n := &s.nodes[i]
	dead := n.dead
	if n.owner != 0 && n.owner != from && m.lacks(HandOverOwner) {
		if !s.mine(i, a) {
			m.breaks(OthersUntouched)
		}
		n.owner, n.end = 0, 0
	}
	m.release(s, i, int(from-1))
	if m.lacks(HandOverBuries) {
		n.dead = dead
	}
}

// mayVanish reports whether node i's key may expire now.
func (m *machine) mayVanish(s *state, i int) bool {
	n := &s.nodes[i]
	if n.owner == 0 || m.cfg.FreeExpiry {
		return n.owner != 0
	}
	switch t := &s.tries[n.owner-1]; t.phase {
	case over:
		return true
	case holding:
		return n.end < t.ended // not reached by the extension that it believes in
	default:
		// The client has the longer breath, unless it never looks at its clock.
		return m.lacks(ValidityCheck)
	}
}

// forget empties node i, as a crash does that takes the memory.
func (m *machine) forget(s *state, i int) {
	s.nodes[i] = node{wait: s.nodes[i].wait}
	s.forgets--
	for a := range m.attempts {
		// With its tombstone goes the promise that the key does not come back.
		if c := &s.cells[i][a]; c.release == releaseDone {
			c.release = releaseDead
		}
	}
	if m.lacks(RestartGuard) {
		return
	}
	for a := range m.attempts {
		if t := &s.tries[a]; t.phase.open() {
			// Every request sent before the crash may have been carried out.
			s.nodes[i].wait[a] = t.sent + 1
		}
	}
}
