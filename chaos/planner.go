package chaos

import (
	"math"
	"math/rand/v2"
	"time"
)

// A planner makes a plan.
type planner struct {
	rand   *rand.Rand
	kinds  []Kind
	lease  time.Duration
	world  planWorld
	themes map[theme]bool // that the kinds have faults of
	served []int          // how often each kind has been chosen
	deck   []phase        // still to be dealt in this round
	plan   []Planned

	free  map[string]time.Duration // when a node or client is free again, by name
	whole map[int]time.Duration    // when a node votes again
}

func newPlanner(seed uint64, kinds []Kind, nodes, clients int, lease time.Duration) *planner {
	p := &planner{
		rand: rand.New(rand.NewPCG(seed, 0xfa017)), kinds: kinds, lease: lease,
		world: newPlanWorld(nodes, clients), served: make([]int, len(kinds)), themes: make(map[theme]bool),
		free: make(map[string]time.Duration), whole: make(map[int]time.Duration),
	}
	if lease <= 0 {
		return p
	}
	// What a kind's faults break depends on what is drawn; a few tell.
	sample := rand.New(rand.NewPCG(seed, 0x7a57e))
	for _, k := range kinds {
		for range 8 {
			if f := k.New(sample, nodes, clients, lease); f != nil {
				p.themes[themeOf(f)] = true
			}
		}
	}
	return p
}

// deal returns the next phase: one for whose theme there are faults.
func (p *planner) deal() phase {
	for {
		if len(p.deck) == 0 {
			p.deck = append(p.deck, phases...)
			p.rand.Shuffle(len(p.deck), func(i, j int) { p.deck[i], p.deck[j] = p.deck[j], p.deck[i] })
		}
		next := p.deck[0]
		p.deck = p.deck[1:]
		if !next.faults || p.themes[next.theme] {
			return next
		}
	}
}

// add plans one fault, if one is found that may come now.
func (p *planner) add(now time.Duration, in phase) {
	// Half of the faults of a phase are what the phase is about.
	onTheme := p.rand.IntN(2) == 0
	for try := range 12 {
		i := p.choose()
		f := p.kinds[i].New(p.rand, len(p.world.nodes), len(p.world.clients), p.lease)
		if f == nil || !in.allows(themeOf(f)) || onTheme && try < 8 && themeOf(f) != in.theme {
			continue
		}
		long := p.length(f)
		nodes, names := p.touched(f)
		if p.isBusy(now, names) || !p.mayBreak(now, f, nodes, in) {
			continue
		}
		if back, ok := f.(GoBack); ok && !p.addSnapshot(now, back, names) {
			continue
		}
		p.served[i]++
		p.occupy(now, long, f, nodes, names)
		p.plan = append(p.plan, Planned{At: now, For: long, Fault: f})
		return
	}
}

// choose draws a kind by its weight: of three the one that has had its turn least, so
// that the rare ones come in short plans too.
func (p *planner) choose() int {
	best, least := 0, math.Inf(1)
	for range 3 {
		i := p.draw()
		if turns := float64(p.served[i]) / float64(max(p.kinds[i].Weight, 1)); turns < least {
			best, least = i, turns
		}
	}
	return best
}

func (p *planner) draw() int {
	total := 0
	for i := range p.kinds {
		total += max(p.kinds[i].Weight, 1)
	}
	at := p.rand.IntN(total)
	for i := range p.kinds {
		if at -= max(p.kinds[i].Weight, 1); at < 0 {
			return i
		}
	}
	return len(p.kinds) - 1
}

// length draws how long a fault lasts: short ones as often as long ones, on a
// logarithmic scale.
func (p *planner) length(f Fault) time.Duration {
	most := 1.5
	switch f.(type) {
	case JumpClock, JumpClocks, FlushAll, DeleteLock, Evict, FlushScripts:
		most = 0.5 // over at once: only their consequences last
	}
	low, high := math.Log(float64(p.lease)/40), math.Log(float64(p.lease)*most)
	long := time.Duration(math.Exp(low + (high-low)*p.rand.Float64())).Truncate(time.Microsecond)
	if f, ok := f.(Lasting); ok {
		long = max(long, f.Lasts())
	}
	return long
}

// touched returns the nodes, and the names of nodes and clients, that a fault acts on.
func (p *planner) touched(f Fault) (nodes NodeSet, names []string) {
	if f, ok := f.(Wide); ok {
		nodes = f.On()
		for _, i := range nodes.List() {
			names = append(names, nodeName(p.world, i))
		}
		return nodes, names
	}
	node, client := f.Target(p.world)
	for i, n := range p.world.nodes {
		if n.Name() == node {
			return SetOf(i), []string{node}
		}
	}
	return 0, []string{client}
}

func (p *planner) isBusy(now time.Duration, names []string) bool {
	for _, name := range names {
		if now < p.free[name] {
			return true
		}
	}
	return false
}

// mayBreak reports whether the phase lets f break its nodes now.
func (p *planner) mayBreak(now time.Duration, f Fault, nodes NodeSet, in phase) bool {
	if in.majority || !f.Row().hinders() {
		return true
	}
	broken := nodes
	for i := range p.world.nodes {
		if now < p.whole[i] {
			broken |= SetOf(i)
		}
	}
	minority := (len(p.world.nodes) - 1) / 2
	if minority > 0 {
		return broken.Len() <= minority
	}
	// One node or two: none may be missing, so that there must be times when none is.
	for _, i := range nodes.List() {
		if now < p.whole[i]+p.lease {
			return false
		}
	}
	return broken == nodes
}

func (p *planner) occupy(now, long time.Duration, f Fault, nodes NodeSet, names []string) {
	for _, name := range names {
		p.free[name] = now + long + p.lease/40
	}
	if !f.Row().hinders() {
		return
	}
	whole := now + long
	if f.Row().restarts() {
		whole += p.lease * 8 / 5 // as a guard may keep it from voting
	}
	for _, i := range nodes.List() {
		p.whole[i] = max(p.whole[i], whole)
	}
}

// addSnapshot plans the snapshot that a node is to go back to, some time before, when
// the node is up. It reports whether there is such a time.
func (p *planner) addSnapshot(now time.Duration, f GoBack, names []string) bool {
	since := p.free[names[0]]
	before := share(p.rand, p.lease, 0.02, 0.7)
	if now-since < p.lease/50 {
		return false
	}
	p.plan = append(p.plan, Planned{At: max(now-before, since), Fault: Remember(f)})
	return true
}
