package model

import "fmt"

// describe returns a way from the start in words. Where the states on the way were
// made canonical it undoes the renaming: a node or an attempt has one name all along,
// nodes letters, attempts numbers in the order in which they began.
func describe(m *machine, way []action, canonical bool) []string {
	names := names{order: order{}}
	for i := range names.order.nodes {
		names.order.nodes[i] = uint8(i)
	}
	s := m.start()
	lines := make([]string, 0, len(way))
	seen := m.seen // the figures are of the search, not of telling it
	defer func() { m.seen = seen }()
	for n, act := range way {
		if canonical {
			var buffer [maxWords]uint64
			o := m.canonical(&s, buffer[:m.words()])
			s = m.unpack(buffer[:m.words()])
			names.follow(&o)
		}
		if act.kind == doBegin {
			names.begun++
			names.order.attempts[act.attempt] = names.begun
		}
		if act.kind == doHandOver {
			names.begun++
			names.order.attempts[m.free(&s)] = names.begun
		}
		// What an action did is told by the difference it made.
		before := s
		broken := m.apply(&s, act)
		line := names.line(m, &before, &s, act)
		if n == len(way)-1 && broken != "" {
			line += " — breaks: " + broken
		}
		lines = append(lines, line)
	}
	return lines
}

// names are the constant names of what stands at each index of a state: an order,
// but for attempts, which are numbered from 1 in the order in which they begin.
type names struct {
	order order
	begun uint8
}

// follow takes in a renaming.
func (n *names) follow(o *order) {
	old := n.order
	for i, from := range o.nodes {
		n.order.nodes[i] = old.nodes[from]
	}
	for a, from := range o.attempts {
		n.order.attempts[a] = old.attempts[from]
	}
}

// line says what act did, which led from before to after.
func (n *names) line(m *machine, before, after *state, act action) string {
	a, i := int(act.attempt), int(act.node)
	at := string(rune('A' + n.order.nodes[i]))
	who := n.order.attempts[a]
	told := fmt.Sprintf("C=%d", after.nodes[i].counter)
	if m.wouldAcquire(before, i, a, false) != granted {
		told = "not granted"
	}
	t := &after.tries[a]
	switch act.kind {
	case doBegin:
		return fmt.Sprintf("%d begins, hint %d", who, act.hint)
	case doAcquire:
		return fmt.Sprintf("%d acquires at %s: %s", who, at, told)
	case doAcquireLate:
		return fmt.Sprintf("%d acquires at %s: %s, its answer late or lost", who, at, told)
	case doCopy:
		return fmt.Sprintf("%d acquires at %s by a late copy: C=%d", who, at, after.nodes[i].counter)
	case doResend:
		return fmt.Sprintf("%d sends its acquire request to %s again", who, at)
	case doCountTwice:
		return fmt.Sprintf("%d counts an answer twice", who)
	case doDecide:
		if t.phase == proposing {
			return fmt.Sprintf("%d has a majority of unlike counters and proposes %d", who, t.proposal)
		}
		return fmt.Sprintf("%d wins with token %d", who, t.token)
	case doHearLate:
		return fmt.Sprintf("%d hears late of its grant at %s", who, at)
	case doAccept, doAcceptLate:
		word := ""
		if act.kind == doAcceptLate {
			word = ", unheard"
		}
		return fmt.Sprintf("%s accepts %d of %d%s", at, after.nodes[i].counter, who, word)
	case doSettle:
		return fmt.Sprintf("%d wins with the accepted token %d", who, t.token)
	default:
		return n.laterLine(before, after, act, who, at)
	}
}

// laterLine is line for what comes after an attempt is decided.
func (n *names) laterLine(before, after *state, act action, who uint8, at string) string {
	i, a := int(act.node), int(act.attempt)
	switch act.kind {
	case doGiveUp:
		return fmt.Sprintf("%d loses its attempt", who)
	case doExtend:
		return fmt.Sprintf("%d sends extension %d", who, after.tries[a].sent)
	case doExtendHeard, doExtendLate:
		word := "absent"
		switch {
		case before.mine(i, a):
			word = "mine"
		case before.nodes[i].owner != 0:
			word = "another's"
		}
		if act.kind == doExtendLate {
			word += ", unheard"
		}
		if before.tries[a].phase == holding && after.tries[a].phase == over {
			word += "; the lease is lost"
		}
		return fmt.Sprintf("%d extends at %s: %s", who, at, word)
	case doConfirm:
		return fmt.Sprintf("%d has its extension %d confirmed", who, after.tries[a].belief)
	case doRepair:
		return fmt.Sprintf("%d repairs %s: C=%d", who, at, after.nodes[i].counter)
	case doHandOver:
		return fmt.Sprintf("%d hands the lock on to %d, hint %d", who, n.begun, act.hint)
	case doStop:
		return fmt.Sprintf("%d stops believing, and releases", who)
	case doRelease:
		return fmt.Sprintf("%d's release at %s", who, at)
	case doTick:
		return fmt.Sprintf("end %d of %d passes", after.tries[a].ended, who)
	case doVanish:
		return fmt.Sprintf("the key of %d at %s expires", who, at)
	case doForget:
		return fmt.Sprintf("%s forgets everything", at)
	default:
		return fmt.Sprintf("step %d", act.kind)
	}
}
