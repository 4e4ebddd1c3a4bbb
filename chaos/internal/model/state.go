package model

// A state is all there is: the nodes, the attempts, and between each two what is on
// its way and what is known. It is small and comparable; attempts are named by their
// index, and an owner or a tombstone is an attempt, since each has its own token.
type state struct {
	nodes [MaxNodes]node
	tries [MaxAttempts]attempt
	cells [MaxNodes][MaxAttempts]cell

	resends, forgets, handOvers uint8 // left of what Config allows
}

// A node is what one Redis node holds under the lock's keys.
type node struct {
	owner   uint8 // attempt + 1, 0 where the key is free
	end     uint8 // which end of its attempt the key outlives
	counter uint8
	dead    uint8 // the attempts with a tombstone, a bit each

	// wait tells, for each attempt open when the node last forgot, how many of its
	// ends must have passed before the node votes; 0 for none.
	wait [MaxAttempts]uint8
}

// An attempt is what a client knows of one attempt and of the lease that it became.
type attempt struct {
	phase    phase
	hint     uint8
	floor    uint8 // the largest token that any lease had when the attempt began
	proposal uint8 // of the second phase
	token    uint8 // the fencing token, 0 until it has won
	sent     uint8 // extensions sent
	belief   uint8 // the last of them that a quorum confirmed, from 1; 0 for none
	ended    uint8 // how many of its ends have passed
	extra    uint8 // answers counted twice, where OneVote is left out
	from     uint8 // attempt + 1 that hands the lock on to it: its acquire requests release that one first
}

type phase uint8

const (
	unstarted phase = iota
	asking          // the first phase: acquire requests are out
	proposing       // the second: accept requests are
	holding
	over // lost, released, or run out
)

func (p phase) open() bool { return p == asking || p == proposing || p == holding }

// won reports whether the attempt became a lease, if one that is over by now.
func (t *attempt) won() bool { return t.token != 0 }

// A cell is what stands between one attempt and one node.
type cell struct {
	acquire acquireState
	counter uint8 // granted, until the first phase is decided
	copies  uint8 // of the acquire request, whose answers nobody hears
	accept  acceptState
	extend  extendState
	repair  uint8 // the end that a repair under way would set, 0 for none under way
	release releaseState
	doubt   bool // the node remembers that two requests may set the key
	had     bool // the key stood at some moment since the last extension was sent
}

type acquireState uint8

const (
	acquireNone    acquireState = iota // not sent, or of no interest any more
	acquireSent                        // on its way
	acquireReplied                     // granted, and the answer comes after the decision, if ever
	acquireGranted                     // granted, and the answer is known when it is decided
	acquireRefused                     // refused or abstained, and known
)

type acceptState uint8

const (
	acceptNone acceptState = iota
	acceptSent             // on its way; a late copy may follow for ever
	acceptYes              // accepted, and known
)

type extendState uint8

const (
	extendNone   extendState = iota
	extendSent               // on its way
	extendMine               // answered and known, as the next two
	extendAbsent             // nobody has the key
	extendOther              // another has it
)

type releaseState uint8

const (
	releaseNone  releaseState = iota // nothing to release, or not yet
	releasePlain                     // on its way
	releaseDead                      // on its way, and leaves a tombstone in any case
	releaseDone                      // carried out
)

// start is the state in which nothing has happened.
func (m *machine) start() state {
	return state{resends: uint8(m.cfg.Resends), forgets: uint8(m.cfg.Forgets), handOvers: uint8(m.cfg.HandOvers)}
}

// mine reports whether attempt a has the key on node i.
func (s *state) mine(i, a int) bool { return int(s.nodes[i].owner) == a+1 }

// abstains reports whether node i may have forgotten a lease that is not over.
func (s *state) abstains(i int) bool {
	for a, ends := range s.nodes[i].wait {
		if ends > 0 && s.tries[a].phase != over && s.tries[a].ended < ends {
			return true
		}
	}
	return false
}

// count returns on how many nodes the cell of attempt a is as asked.
func (m *machine) count(s *state, a int, is func(*cell) bool) int {
	n := 0
	for i := range m.nodes {
		if is(&s.cells[i][a]) {
			n++
		}
	}
	return n
}

func isGranted(c *cell) bool  { return c.acquire == acquireGranted }
func isAccepted(c *cell) bool { return c.accept == acceptYes }
func isMine(c *cell) bool     { return c.extend == extendMine }
func isNo(c *cell) bool       { return c.extend == extendAbsent || c.extend == extendOther }
func hadKey(c *cell) bool     { return c.had }
