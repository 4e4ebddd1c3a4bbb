package model

// apply takes one step of s. It returns the property that the step broke, or "".
func (m *machine) apply(s *state, act action) string {
	m.broken = ""
	m.take(s, act)
	m.forgetDetails(s)
	return m.broken
}

// take does what the action says, wherever that stands.
func (m *machine) take(s *state, act action) {
	a, i := int(act.attempt), int(act.node)
	t, c := &s.tries[a], &s.cells[i][a]
	switch act.kind {
	case doBegin:
		m.begin(s, a, act.hint)
	case doResend:
		m.resend(s, i, a)
	case doCountTwice:
		t.extra++
	case doDecide:
		m.decide(s, a)
	case doHearLate:
		c.acquire, c.accept = acquireGranted, acceptSent
	case doSettle:
		m.win(s, a, t.proposal)
	case doGiveUp, doStop:
		m.end(s, a)
	case doHandOver:
		m.handOver(s, a, m.free(s), act.hint)
	case doExtend:
		m.extendSend(s, a)
	case doConfirm:
		m.confirm(s, a)
	case doTick:
		t.ended++
	case doVanish:
		s.nodes[i].owner, s.nodes[i].end = 0, 0
	case doForget:
		m.forget(s, i)
	default:
		m.deliver(s, act.kind, i, a)
	}
}

// deliver has node i carry out a request of attempt a.
func (m *machine) deliver(s *state, k kind, i, a int) {
	t, c := &s.tries[a], &s.cells[i][a]
	switch k {
	case doAcquire:
		m.releaseFirst(s, i, a)
		if m.wouldAcquire(s, i, a, false) == granted {
			c.acquire, c.counter = acquireGranted, m.acquire(s, i, a, t.hint, 0)
		} else {
			c.acquire = acquireRefused
		}
	case doAcquireLate:
		m.releaseFirst(s, i, a)
		m.acquire(s, i, a, t.hint, 0)
		c.acquire = acquireReplied
		if t.phase == holding || t.phase == over {
			c.acquire = acquireNone // nobody waits for it
		}
	case doCopy:
		m.releaseFirst(s, i, a)
		m.acquire(s, i, a, t.hint, 0)
		c.copies--
	case doRepair:
		m.acquire(s, i, a, t.token, c.repair)
		c.repair = 0
	case doAccept:
		m.accept(s, i, a)
		c.accept = acceptYes
	case doAcceptLate:
		m.accept(s, i, a)
	case doExtendHeard:
		m.hearExtend(s, i, a, m.extend(s, i, a))
	case doExtendLate:
		m.extend(s, i, a)
	case doRelease:
		m.release(s, i, a)
	}
}

// forgetDetails erases what can make no difference any more, so that states which
// differ in nothing else become one.
func (m *machine) forgetDetails(s *state) {
	for a := range m.attempts {
		t := &s.tries[a]
		if t.phase == holding && m.cfg.FreeExpiry && m.cfg.Extends == 0 {
			t.phase = over // nothing more comes of it
		}
		alive := false // something of the attempt may yet touch a node
		asks := false  // and that is an acquire request, so that the hint matters
		for i := range m.nodes {
			m.tidy(s, i, a)
			c := &s.cells[i][a]
			alive = alive || *c != cell{} || s.mine(i, a)
			asks = asks || c.acquire == acquireSent || c.copies > 0
			if w := &s.nodes[i].wait[a]; t.phase == over || t.ended >= *w {
				*w = 0
			}
		}
		// What follows would tell states apart that have the same future: a hint that
		// no request carries, a floor that is passed, ends of a lease that is over.
		if !asks && t.phase != unstarted {
			t.hint, t.from = 0, 0
		}
		if t.won() || t.phase == over {
			t.floor = 0
		}
		if t.phase == over && !m.lacks(RepairHeld|ExtendOwner) {
			t.sent, t.belief, t.ended, t.extra = 0, 0, 0, 0
		}
		// Of an attempt that is history its token is left: no other may have it.
		if !alive && t.phase == over {
			*t = attempt{phase: over, token: t.token}
		}
	}
}

// tidy erases what can make no difference any more between attempt a and node i. It
// trusts counters and tombstones only where no node forgets.
func (m *machine) tidy(s *state, i, a int) {
	t, n, c := &s.tries[a], &s.nodes[i], &s.cells[i][a]
	// An accept that came too late for its counter will be too late for ever, and one
	// that would write what stands there already is no news.
	if c.accept == acceptSent && s.forgets == 0 && !m.lacks(AcceptCounter) &&
		(n.counter > t.proposal || n.counter == t.proposal && t.phase != proposing) {
		c.accept = acceptNone
	}
	if t.phase != over {
		return
	}
	if m.cfg.FreeExpiry && c.acquire != acquireSent {
		c.acquire = acquireNone
	}
	c.counter, c.doubt = 0, false
	if c.accept == acceptYes {
		c.accept = acceptSent
	}
	if !m.lacks(RepairHeld | ExtendOwner) { // else late answers and copies do harm
		c.extend, c.had = extendNone, false
	}
	// What comes after the tombstone comes to nothing.
	dead := n.dead&(1<<a) != 0 && s.forgets == 0 && (t.from == 0 || !m.lacks(HandOverHonours))
	if dead {
		c.acquire, c.copies, c.repair = acquireNone, 0, 0
	}
	// A release where there is no key, and none can come, changes nothing.
	comes := c.acquire == acquireSent || c.copies > 0 || c.repair > 0 || c.extend != extendNone || c.had ||
		c.accept != acceptNone && m.lacks(AcceptOwner) ||
		c.release != releaseDone && c.release != releaseNone && m.lacks(ReleaseOwner)
	if !comes && !s.mine(i, a) {
		*c = cell{}
		n.dead &^= 1 << a
	}
}
