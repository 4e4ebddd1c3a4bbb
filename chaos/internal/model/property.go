package model

// The properties, as Violation names them.
const (
	// Exclusion: no two attempts hold the lock at one time.
	Exclusion = "mutual exclusion"

	// UniqueTokens: no two attempts ever hold the lock with one token.
	UniqueTokens = "unique tokens"

	// OrderedTokens: an attempt that begins after another has won gets the larger
	// token; where keys keep their time, so does any that wins after it.
	OrderedTokens = "ordered tokens"

	// OthersUntouched: no request changes a key that is another's.
	OthersUntouched = "another's key untouched"

	// NoOrphan: a key does not come back once its release was carried out on the
	// node, and none is set that nobody is going to release.
	NoOrphan = "no orphan"

	// NoRevival: an extension sets no key; a repair does only for a lease whose keys
	// stood on a majority at some time since the extension was sent.
	NoRevival = "no revival"
)

// breaks notes that the present step broke a property, unless it broke one before.
func (m *machine) breaks(property string) {
	if m.broken == "" && (m.cfg.Only == "" || m.cfg.Only == property) {
		m.broken = property
	}
}

// checkWon looks at attempt a having won with its token.
func (m *machine) checkWon(s *state, a int) {
	t := &s.tries[a]
	var latest uint8 // the largest token that another won with
	twice := false
	for b := range m.attempts {
		o := &s.tries[b]
		if b == a || !o.won() {
			continue
		}
		if o.phase == holding && !m.cfg.FreeExpiry {
			m.breaks(Exclusion)
		}
		latest = max(latest, o.token)
		twice = twice || o.token == t.token
	}
	if !m.tokensPromised() {
		return
	}
	if twice {
		m.breaks(UniqueTokens)
	}
	// That the order is that of winning takes a clock and a memory.
	if t.token <= t.floor || t.token < latest && !m.cfg.FreeExpiry && m.cfg.Forgets == 0 {
		m.breaks(OrderedTokens)
	}
}

// checkSet looks at node i having set the key for attempt a.
func (m *machine) checkSet(s *state, i, a int) {
	if m.cfg.FreeExpiry {
		return // nothing is released
	}
	r := s.cells[i][a].release
	if r == releaseDone || r == releaseNone && s.tries[a].phase == over {
		m.breaks(NoOrphan)
	}
}

// checkOver looks at attempt a being over, with all its releases under way.
func (m *machine) checkOver(s *state, a int) {
	for i := range m.nodes {
		if s.mine(i, a) && s.cells[i][a].release == releaseNone && !m.cfg.FreeExpiry {
			m.breaks(NoOrphan)
		}
	}
}

// checkRepair looks at attempt a sending a repair.
func (m *machine) checkRepair(s *state, a int) {
	if m.count(s, a, hadKey) < m.majority {
		m.breaks(NoRevival)
	}
}
