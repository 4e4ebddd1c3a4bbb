package model

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// VariantNames are the names that String knows.
var VariantNames = variantNames

// CheckRenaming walks at random and returns an error where the canonical form of a
// state is not a renaming of it, or changes when the nodes change places.
func CheckRenaming(cfg Config, seed uint64, steps int) error {
	m, err := newMachine(cfg)
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(seed, 2))
	width := m.words()
	first, second := make([]uint64, width), make([]uint64, width)
	s := m.start()
	for step := range steps {
		list := m.actions(&s, nil)
		if len(list) == 0 {
			s = m.start()
			continue
		}
		m.apply(&s, pick(random, list))

		o := m.canonical(&s, first)
		moved := m.rename(&s, &o)
		shuffled := moved
		for i := range m.nodes {
			shuffled.nodes[i], shuffled.cells[i] = moved.nodes[o.nodes[i]], moved.cells[o.nodes[i]]
		}
		if got := m.unpack(first); got != shuffled {
			return fmt.Errorf("step %d: %+v became %+v", step, s, got)
		}

		turned := s
		for to, from := range random.Perm(m.nodes) {
			turned.nodes[to], turned.cells[to] = s.nodes[from], s.cells[from]
		}
		if m.canonical(&turned, second); !slices.Equal(first, second) {
			return fmt.Errorf("step %d: with its nodes turned %+v is another state", step, s)
		}
	}
	return nil
}
