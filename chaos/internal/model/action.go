package model

// An action is one step: what happens, to which attempt, on which node. Enabled
// actions are those that change something; a request that would change nothing and
// whose answer nobody waits for is as good as lost.
type action struct {
	kind    kind
	attempt uint8
	node    uint8
	hint    uint8 // of begin
}

type kind uint8

const (
	doBegin       kind = iota
	doAcquire          // node gets the request, its answer counts in the decision
	doAcquireLate      // node gets the request, its answer comes later, if ever
	doCopy             // node gets a copy of the request, nobody hears its answer
	doResend           // client sends the request again
	doCountTwice       // an answer counts twice, where OneVote is left out
	doDecide           // client ends the first phase with a quorum of grants
	doHearLate         // client hears of a grant during the second phase
	doAccept           // node accepts, and its answer counts
	doAcceptLate       // node accepts, and nobody hears of it
	doSettle           // client ends the second phase with a quorum of accepts
	doGiveUp           // client loses the attempt: too many noes, or no time left
	doExtend           // client sends an extension
	doExtendHeard      // node gets it, and the client its answer
	doExtendLate       // node gets it, and nobody hears of it
	doConfirm          // client ends the extension with a quorum
	doRepair           // node gets a repair
	doStop             // client releases, or its time is over
	doHandOver         // client hands the lock on to one who waits in its process
	doRelease          // node gets the release
	doTick             // an end passes that an extension has pushed back
	doVanish           // node's key expires
	doForget           // node loses its memory
	kinds
)

// actions appends to list every action enabled in s, in a fixed order: the same
// state has the same list, which is what makes a seed tell a walk.
func (m *machine) actions(s *state, list []action) []action {
	free := m.free(s)
	open, started := 0, 0
	for a := range m.attempts {
		if t := &s.tries[a]; t.phase != unstarted {
			started++
			if t.phase.open() {
				open++
			}
		}
	}
	for a := range m.attempts {
		t := &s.tries[a]
		if t.phase == unstarted {
			continue
		}
		list = m.clientActions(s, a, list)
		if t.phase == holding && s.handOvers > 0 && free >= 0 {
			for _, hint := range m.cfg.Hint.choices(started + 1) {
				list = append(list, action{doHandOver, uint8(a), 0, hint})
			}
		}
		for i := range m.nodes {
			list = m.cellActions(s, i, a, list)
		}
	}
	if free >= 0 && open < m.cfg.Clients {
		for _, hint := range m.cfg.Hint.choices(started + 1) {
			list = append(list, action{doBegin, uint8(free), 0, hint})
		}
	}
	for i := range m.nodes {
		n := &s.nodes[i]
		if m.mayVanish(s, i) {
			list = append(list, action{doVanish, n.owner - 1, uint8(i), 0})
		}
		// A node with nothing to forget would only be kept out.
		if s.forgets > 0 && (n.owner != 0 || n.counter != 0 || n.dead != 0) {
			list = append(list, action{doForget, 0, uint8(i), 0})
		}
	}
	return list
}

// free returns the attempt to begin next, where there is one: one is as good as another.
func (m *machine) free(s *state) int {
	for a := range m.attempts {
		if s.tries[a].phase == unstarted {
			return a
		}
	}
	return -1
}

// clientActions appends what the client of attempt a may do by itself.
func (m *machine) clientActions(s *state, a int, list []action) []action {
	t := &s.tries[a]
	add := func(k kind) { list = append(list, action{k, uint8(a), 0, 0}) }
	switch t.phase {
	case asking:
		votes := m.votes(s, a)
		if votes >= m.quorum {
			add(doDecide) // or wait, as an answer may be slow
		} else if m.lacks(OneVote) && votes > 0 {
			add(doCountTwice)
		}
		add(doGiveUp)
	case proposing:
		if m.count(s, a, isAccepted) >= m.quorum {
			add(doSettle)
		}
		add(doGiveUp)
	case holding:
		if int(t.sent) < m.cfg.Extends {
			add(doExtend)
		}
		if t.sent > 0 && !t.agreed() && m.count(s, a, isMine) >= m.quorum {
			add(doConfirm)
		}
		// The last end that it believes in passes with doStop.
		if t.ended < t.belief {
			add(doTick)
		}
		add(doStop)
	}
	return list
}

// cellActions appends what may happen between attempt a and node i.
func (m *machine) cellActions(s *state, i, a int, list []action) []action {
	t, c := &s.tries[a], &s.cells[i][a]
	add := func(k kind) { list = append(list, action{k, uint8(a), uint8(i), 0}) }
	if c.acquire == acquireSent {
		grants := m.wouldAcquire(s, i, a, false) == granted
		// The poll is closed by the quorum's last grant: one more comes late.
		if t.phase == asking && (!grants || m.votes(s, a) < m.quorum) {
			add(doAcquire)
		}
		if grants {
			add(doAcquireLate)
		}
	}
	if t.phase == asking && s.resends > 0 && (c.acquire == acquireSent || c.acquire == acquireReplied) {
		add(doResend)
	}
	// Copies matter where they set the key; where it is mine already they do not.
	if c.copies > 0 && !s.mine(i, a) && m.wouldAcquire(s, i, a, false) == granted {
		add(doCopy)
	}
	// A repair is that, or lengthens a key that came back by itself.
	if c.repair > 0 && m.wouldAcquire(s, i, a, true) == granted && (!s.mine(i, a) || s.nodes[i].end < c.repair) {
		add(doRepair)
	}
	if t.phase == proposing && c.acquire == acquireReplied {
		add(doHearLate)
	}
	// Refused accepts change nothing, and a client that hears of them waits no less.
	if c.accept != acceptNone && m.wouldAccept(s, i, a) {
		if t.phase == proposing && c.accept == acceptSent {
			add(doAccept)
		}
		if s.nodes[i].counter != t.proposal {
			add(doAcceptLate)
		}
	}
	if c.extend == extendSent {
		add(doExtendHeard) // whatever the answer: a no counts too
		if s.mine(i, a) && s.nodes[i].end < t.sent {
			add(doExtendLate)
		}
	}
	if c.release == releasePlain || c.release == releaseDead {
		add(doRelease)
	}
	return list
}
