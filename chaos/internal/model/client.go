package model

// This file is the client: its decisions, which are those of packages redlock and
// distlock. What they hear of the nodes stands in the cells.

// begin starts attempt a.
func (m *machine) begin(s *state, a int, hint uint8) {
	t := &s.tries[a]
	t.phase, t.hint = asking, hint
	for b := range m.attempts {
		t.floor = max(t.floor, s.tries[b].token)
	}
	for i := range m.nodes {
		s.cells[i][a].acquire = acquireSent
	}
}

// handOver ends the lease a, and starts attempt b of one who waits in its process: each
// node gets one request for both. A release of a by itself, which the node gets that did
// not answer, may come at any time.
func (m *machine) handOver(s *state, a, b int, hint uint8) {
	m.seen.HandOvers++
	s.handOvers--
	m.end(s, a)
	m.begin(s, b, hint)
	s.tries[b].from = uint8(a + 1)
}

// resend sends the acquire request to node i again. Only the second copy's answer
// will be heard; the first may come yet, if it has not.
func (m *machine) resend(s *state, i, a int) {
	c := &s.cells[i][a]
	if c.acquire == acquireSent {
		c.copies++
	}
	c.acquire = acquireSent
	c.doubt = !m.lacks(Doubts)
	s.resends--
}

// votes returns how many grants attempt a has heard of.
func (m *machine) votes(s *state, a int) int {
	return m.count(s, a, isGranted) + int(s.tries[a].extra)
}

// decide ends the first phase of an attempt with a quorum of grants: won where their
// counters are alike, else the second phase begins.
func (m *machine) decide(s *state, a int) {
	t := &s.tries[a]
	var least, most uint8
	for i := range m.nodes {
		if c := &s.cells[i][a]; isGranted(c) {
			if most == 0 {
				least = c.counter
			}
			least, most = min(least, c.counter), max(most, c.counter)
		}
		s.cells[i][a].counter = 0
	}
	t.extra = 0
	// Alike, they are settled: each of the nodes has the token for its counter.
	if least == most || m.lacks(WriteBack|HintAndAccept) {
		m.win(s, a, most)
		return
	}
	m.seen.Proposals++
	t.phase, t.proposal = proposing, most
	for i := range m.nodes {
		if c := &s.cells[i][a]; isGranted(c) {
			c.accept = acceptSent
		}
	}
}

// win makes a lease of attempt a.
func (m *machine) win(s *state, a int, token uint8) {
	m.seen.Wins++
	t := &s.tries[a]
	t.phase, t.token = holding, token
	for i := range m.nodes {
		c := &s.cells[i][a]
		if c.accept == acceptYes {
			c.accept = acceptSent // of which late copies may come
		}
		if c.acquire != acquireSent {
			c.acquire = acquireNone
		}
	}
	m.checkWon(s, a)
}

// end makes attempt a one that is over: lost, released or run out. A client that
// dies is one whose releases are lost.
func (m *machine) end(s *state, a int) {
	t := &s.tries[a]
	held := t.phase == holding
	t.phase = over
	for i := range m.nodes {
		// A request that is still out stays out, and may come before its release or
		// after.
		c := &s.cells[i][a]
		c.release = m.releaseOwed(c, held)
		if c.acquire != acquireSent {
			c.acquire = acquireNone
		}
	}
	m.checkOver(s, a)
}

// releaseOwed returns the release that a node gets when an attempt is over. Where its
// answer is still out the library waits for it or for its failure, and sends the one
// or the other kind; here it is sent at once, and may come at any time.
func (m *machine) releaseOwed(c *cell, held bool) releaseState {
	silent := c.acquire == acquireSent || c.acquire == acquireReplied
	switch {
	case m.cfg.FreeExpiry:
		return releaseNone
	case held && !c.doubt:
		return releasePlain // to every node, for the holder may not know of a late grant
	case !held && silent && m.lacks(CleanSilent):
		return releaseNone
	case c.doubt, !held && c.acquire == acquireSent:
		return releaseDead
	case !held && c.acquire == acquireRefused:
		return releaseNone // one copy, and it was refused
	default:
		return releasePlain
	}
}

// extendSend sends an extension of the lease a to all nodes. One before it that is
// still out has timed out.
func (m *machine) extendSend(s *state, a int) {
	s.tries[a].sent++
	for i := range m.nodes {
		c := &s.cells[i][a]
		c.extend, c.had = extendSent, s.mine(i, a)
	}
}

// agreed reports whether the last extension sent was confirmed.
func (t *attempt) agreed() bool { return t.sent > 0 && t.belief == t.sent }

// hearExtend takes in node i's answer to the last extension. What comes after the
// agreement is of interest only where it tells of a key to repair.
func (m *machine) hearExtend(s *state, i, a int, got extendState) {
	t, c := &s.tries[a], &s.cells[i][a]
	c.extend = got
	if t.agreed() {
		c.extend = extendNone
	}
	if got == extendAbsent && (t.agreed() || m.lacks(RepairQuorum)) {
		m.sendRepair(s, i, a)
	}
	// The noes alone must leave no quorum: a silent node may well have the key.
	if t.phase == holding && m.count(s, a, isNo) > m.nodes-m.quorum {
		m.end(s, a) // denied
	}
}

// confirm lets the lease last to the end that its last extension has given it.
func (m *machine) confirm(s *state, a int) {
	m.seen.Extensions++
	t := &s.tries[a]
	t.belief = t.sent
	for i := range m.nodes {
		c := &s.cells[i][a]
		absent := c.extend == extendAbsent
		if c.extend != extendSent {
			c.extend = extendNone
		}
		if absent {
			m.sendRepair(s, i, a)
		}
	}
}

// sendRepair sends node i an acquire request of the lease's own token.
func (m *machine) sendRepair(s *state, i, a int) {
	m.seen.Repairs++
	// A second request that sets the key: the node's release must leave a tombstone.
	c := &s.cells[i][a]
	c.repair = s.tries[a].sent
	c.doubt = !m.lacks(Doubts)
	m.checkRepair(s, a)
}
