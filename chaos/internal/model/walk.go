package model

import "math/rand/v2"

// Walk takes a number of random steps, and begins anew whenever all attempts are over
// and nothing is left to happen. It stops at a violation.
//
// It blocks, uses one core and next to no memory. Seed and cfg decide every step. The
// error is of a field of cfg that is out of bounds.
func Walk(cfg Config, seed uint64, steps int) (Result, error) {
	m, err := newMachine(cfg)
	if err != nil {
		return Result{}, err
	}
	random := rand.New(rand.NewPCG(seed, 1))
	var result Result
	var list, way []action
	s := m.start()
	for result.Steps = 0; result.Steps < steps; {
		list = m.actions(&s, list[:0])
		if len(list) == 0 { // all are over, and everything was delivered
			s, way = m.start(), way[:0]
			continue
		}
		act := pick(random, list)
		way = append(way, act)
		result.Steps++
		if broken := m.apply(&s, act); broken != "" {
			result.Violation = &Violation{Property: broken, Trace: describe(m, way, false)}
			break
		}
	}
	result.Stats = m.seen
	return result, nil
}

// weights say how likely a step is against others, where more than one can be taken:
// were all alike, most attempts would be given up before they came to anything.
var weights = [kinds]int{
	doBegin: 8, doAcquire: 16, doAcquireLate: 4, doCopy: 2, doResend: 1, doCountTwice: 4,
	doDecide: 16, doHearLate: 8, doAccept: 16, doAcceptLate: 2, doSettle: 16, doGiveUp: 1,
	doExtend: 8, doExtendHeard: 16, doExtendLate: 2, doConfirm: 16, doRepair: 8,
	doStop: 2, doHandOver: 2, doRelease: 4, doTick: 2, doVanish: 2, doForget: 1,
}

// pick draws one action, by weight.
func pick(random *rand.Rand, list []action) action {
	sum := 0
	for _, act := range list {
		sum += weights[act.kind]
	}
	at := random.IntN(sum)
	for _, act := range list {
		at -= weights[act.kind]
		if at < 0 {
			return act
		}
	}
	panic("model: unreachable: the weights do not add up to their sum")
}
