package chaos

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
)

// Kinds returns the faults that a nemesis chooses from when it is told nothing else:
// every row of the matrix, some in several forms. Times are drawn as parts of a
// lease, so that they hurt long leases and short ones alike.
func Kinds() []Kind {
	return slices.Concat(nodeKinds(), networkKinds(), clockKinds(), clientKinds(), keyKinds(), stateKinds())
}

// KindsOf returns the kinds of the given rows, by the names that [Row.String] has:
// "crash", "slow". A name that is none is an error, which lists them all.
func KindsOf(names ...string) ([]Kind, error) {
	all := Kinds()
	var chosen []Kind
	for _, name := range names {
		i := slices.Index(rowNames[:], strings.TrimSpace(name))
		if i < 0 {
			return nil, fmt.Errorf("chaos: no fault is called %q; there are %s", name, strings.Join(rowNames[:], ", "))
		}
		for _, k := range all {
			if k.Row == Row(i) {
				chosen = append(chosen, k)
			}
		}
	}
	return chosen, nil
}

// Harmless returns those of kinds that destroy no data but the locks' own.
func Harmless(kinds []Kind) []Kind {
	return slices.DeleteFunc(slices.Clone(kinds), func(k Kind) bool { return k.Destructive })
}

// onNode makes a kind of a fault that acts on one node.
func onNode(row Row, weight int, make func(r *rand.Rand, node int, lease time.Duration) Fault) Kind {
	return Kind{Row: row, Weight: weight, New: func(r *rand.Rand, nodes, _ int, lease time.Duration) Fault {
		if nodes == 0 {
			return nil
		}
		return make(r, r.IntN(nodes), lease)
	}}
}

// onNodes makes a kind of a fault that acts on several nodes.
func onNodes(row Row, weight int, make func(r *rand.Rand, nodes NodeSet, lease time.Duration) Fault) Kind {
	return Kind{Row: row, Weight: weight, New: func(r *rand.Rand, nodes, _ int, lease time.Duration) Fault {
		if nodes < 2 {
			return nil
		}
		return make(r, drawSet(r, nodes, 2+r.IntN(nodes-1)), lease)
	}}
}

// share draws from low to high lease, in whole microseconds.
func share(r *rand.Rand, lease time.Duration, low, high float64) time.Duration {
	return time.Duration((low + (high-low)*r.Float64()) * float64(lease)).Truncate(time.Microsecond)
}

func nodeKinds() []Kind {
	return []Kind{
		onNode(NodeCrash, 4, func(_ *rand.Rand, node int, _ time.Duration) Fault { return Crash{node} }),
		onNodes(NodeCrash, 1, func(_ *rand.Rand, nodes NodeSet, _ time.Duration) Fault { return PowerCut{nodes, Kept} }),
		onNode(CrashMemoryLost, 4, func(_ *rand.Rand, node int, _ time.Duration) Fault { return Forget{node} }),
		onNodes(CrashMemoryLost, 1, func(_ *rand.Rand, nodes NodeSet, _ time.Duration) Fault { return PowerCut{nodes, Empty} }),
		onNode(DelayedRestart, 2, func(r *rand.Rand, node int, lease time.Duration) Fault {
			return StayDown{node, share(r, lease, 1.3, 1.8), Memory(r.IntN(2))}
		}),
		onNode(OlderData, 4, func(_ *rand.Rand, node int, _ time.Duration) Fault { return GoBack{node} }),
		onNode(NodeFrozen, 6, func(_ *rand.Rand, node int, _ time.Duration) Fault { return Freeze{node} }),
	}
}

func networkKinds() []Kind {
	return []Kind{
		onNode(SlowNode, 6, func(r *rand.Rand, node int, lease time.Duration) Fault {
			return Slow{node, share(r, lease, 0.002, 0.4)}
		}),
		onNode(Partition, 6, func(r *rand.Rand, node int, _ time.Duration) Fault { return Cut{node, Way(r.IntN(4))} }),
		onNodes(Partition, 2, func(r *rand.Rand, nodes NodeSet, _ time.Duration) Fault {
			return Partitioned{nodes, Way(r.IntN(4))}
		}),
		onNode(ReplyLost, 6, func(r *rand.Rand, node int, _ time.Duration) Fault { return LoseReplies{node, 1 + r.IntN(4)} }),
		onNode(ResetMidReply, 5, func(r *rand.Rand, node int, _ time.Duration) Fault { return CutReplies{node, 1 + r.IntN(4)} }),
		onNode(HalfOpen, 4, func(_ *rand.Rand, node int, _ time.Duration) Fault { return Deaden{node} }),
	}
}

func clockKinds() []Kind {
	return []Kind{
		onNode(ClockForward, 4, func(r *rand.Rand, node int, lease time.Duration) Fault {
			return JumpClock{node, share(r, lease, 0.1, 1.5)}
		}),
		onNodes(ClockForward, 4, func(r *rand.Rand, nodes NodeSet, lease time.Duration) Fault {
			return JumpClocks{nodes, share(r, lease, 0.5, 1.5)}
		}),
		onNode(ClockBackward, 4, func(r *rand.Rand, node int, lease time.Duration) Fault {
			return JumpClock{node, -share(r, lease, 0.1, 1.5)}
		}),
		onNode(ClockRate, 4, func(r *rand.Rand, node int, _ time.Duration) Fault {
			return SkewClock{node, []float64{0.5, 0.9, 0.995, 1.004, 1.1, 2, 4}[r.IntN(7)]}
		}),
	}
}

func clientKinds() []Kind {
	ops := []OpKind{"", OpAcquire, OpExtend, OpExtend, OpRenew, OpRelease, OpRelease, OpWrite, OpOpen}
	onClient := func(row Row, weight int, make func(client int, in OpKind) Fault) Kind {
		return Kind{Row: row, Weight: weight, New: func(r *rand.Rand, _, clients int, _ time.Duration) Fault {
			if clients == 0 {
				return nil
			}
			return make(r.IntN(clients), ops[r.IntN(len(ops))])
		}}
	}
	return []Kind{
		onClient(ClientPause, 8, func(client int, in OpKind) Fault { return Pause{client, in} }),
		onClient(HolderCrash, 6, func(client int, in OpKind) Fault { return Kill{client, in} }),
	}
}

// choices is more than there ever are keys to choose from.
const choices = 1 << 16

func keyKinds() []Kind {
	flush := onNode(KeysLost, 1, func(_ *rand.Rand, node int, _ time.Duration) Fault { return FlushAll{node} })
	flush.Destructive = true
	return []Kind{
		flush,
		onNode(KeysLost, 3, func(r *rand.Rand, node int, _ time.Duration) Fault { return DeleteLock{node, r.IntN(choices)} }),
		onNode(KeysLost, 2, func(r *rand.Rand, node int, _ time.Duration) Fault { return Evict{node, r.IntN(choices)} }),
		onNode(WrongType, 3, func(r *rand.Rand, node int, _ time.Duration) Fault {
			return Usurp{Node: node, Pick: r.IntN(choices)}
		}),
		onNode(WrongType, 1, func(r *rand.Rand, node int, _ time.Duration) Fault {
			return Usurp{Node: node, Pick: r.IntN(choices), Overwrite: true}
		}),
	}
}

func stateKinds() []Kind {
	kinds := []Kind{
		onNode(NoScript, 4, func(_ *rand.Rand, node int, _ time.Duration) Fault { return FlushScripts{node} }),
	}
	for _, c := range []Condition{
		IsReadOnly, IsLoading, IsFull, HasMisconf, WantsPassword, ForbidsScripts, BadCertificate,
	} {
		kinds = append(kinds, onNode(Suffer{From: c}.Row(), 3, func(_ *rand.Rand, node int, _ time.Duration) Fault {
			return Suffer{node, c}
		}))
	}
	return kinds
}
