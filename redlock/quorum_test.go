package redlock_test

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/redlock"
)

func TestAQuorumIsTheLeastMajority(t *testing.T) {
	for n, want := range map[int]int{1: 1, 2: 2, 3: 2, 4: 3, 5: 3, 6: 4, 7: 4} {
		require.Equal(t, want, redlock.Quorum(n), "of %d", n)
	}
}

func TestAnyTwoQuorumsShareANode(t *testing.T) {
	for n := 1; n < 100; n++ {
		require.Greater(t, 2*redlock.Quorum(n), n)
		require.LessOrEqual(t, 2*(redlock.Quorum(n)-1), n, "a smaller one would do")
	}
}

const (
	y = iota // the order of the ballots
	n
	a
	r
	u
)

func TestTheVerdictIsCertainAsSoonAsNoBallotCanChangeIt(t *testing.T) {
	for _, c := range []struct {
		name    string
		size    int
		got     []int
		want    distlock.Verdict
		certain bool
	}{
		{"nobody has voted", 3, nil, distlock.Unanswered, false},
		{"one of one", 1, []int{y}, distlock.Agreed, true},
		{"two of three, the third not awaited", 3, []int{y, y}, distlock.Agreed, true},
		{"two of three refuse, the third not awaited", 3, []int{n, n}, distlock.Denied, true},
		{"1-1 of two", 2, []int{y, n}, distlock.Denied, true},
		{"one refusal of two: lost, but the other may be down", 2, []int{n}, distlock.Unanswered, false},
		{"2-2 of four", 4, []int{y, y, n, n}, distlock.Denied, true},
		{"2-1 of four is open", 4, []int{y, y, n}, distlock.Unanswered, false},
		{"1-2 of four is lost", 4, []int{y, n, n}, distlock.Denied, true},
		{"three of four", 4, []int{y, y, y}, distlock.Agreed, true},
		{"a majority down", 3, []int{u, u}, distlock.Unanswered, true},
		{"a majority rejects", 3, []int{r, r}, distlock.Rejected, true},
		{"a majority abstains", 3, []int{a, a}, distlock.Unanswered, true},
		{"one refuses, one is down: the third tells which", 3, []int{n, u}, distlock.Unanswered, false},
		{"one refuses, two are down", 3, []int{n, u, u}, distlock.Unanswered, true},
		{"two refuse, one is down", 3, []int{n, u, n}, distlock.Denied, true},
		{"all mixed", 5, []int{y, n, a, r, u}, distlock.Unanswered, true},
		{"half of four reject, half grant", 4, []int{r, r, y, y}, distlock.Unanswered, true},
		{"seven", 7, []int{y, u, y, u, y, u, y}, distlock.Agreed, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, certain := redlock.Verdict(c.size, redlock.Lock, c.got...)
			require.Equal(t, c.certain, certain)
			require.Equal(t, c.want, got)
		})
	}
}

func TestALeaseIsDeniedByRefusalsAlone(t *testing.T) {
	for _, c := range []struct {
		name    string
		size    int
		got     []int
		want    distlock.Verdict
		certain bool
	}{
		{"two of three have it", 3, []int{y, y}, distlock.Agreed, true},
		{"one has it, one has not, one is hung: it may have it", 3, []int{y, n, u}, distlock.Unanswered, true},
		{"one has it, one is hung, one to come", 3, []int{y, u}, distlock.Unanswered, false},
		{"two have it not", 3, []int{n, n}, distlock.Denied, true},
		{"two have it, two have it not, one is hung", 5, []int{y, y, n, n, u}, distlock.Unanswered, true},
		{"half of four have it not", 4, []int{n, n}, distlock.Denied, true},
		{"a majority rejects", 3, []int{r, r}, distlock.Rejected, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, certain := redlock.Verdict(c.size, redlock.Lease, c.got...)
			require.Equal(t, c.certain, certain)
			require.Equal(t, c.want, got)
		})
	}
}

func TestAReleaseIsConfirmedByWhoeverHasTheKeyNoMore(t *testing.T) {
	for _, c := range []struct {
		name    string
		size    int
		got     []int
		want    distlock.Verdict
		certain bool
	}{
		{"one deletes it, one has it no more: the third tells whether it was lost", 3, []int{y, n}, distlock.Unanswered, false},
		{"and the third is down", 3, []int{y, n, u}, distlock.Agreed, true},
		{"one deletes it, two have it no more", 3, []int{y, n, n}, distlock.Denied, true},
		{"one deletes it, two are down", 3, []int{y, u, u}, distlock.Unanswered, true},
		{"two delete it, two have it no more", 5, []int{y, y, n, n}, distlock.Unanswered, false},
		{"and the fifth is down", 5, []int{y, y, n, n, u}, distlock.Agreed, true},
		{"two delete it, one has it no more, one is down", 5, []int{y, y, n, u}, distlock.Agreed, true},
		{"one deletes it, one has it no more, two are down", 5, []int{y, n, u, u}, distlock.Unanswered, false},
		{"half of four have it no more", 4, []int{y, y, n, n}, distlock.Denied, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, certain := redlock.Verdict(c.size, redlock.Release, c.got...)
			require.Equal(t, c.certain, certain)
			require.Equal(t, c.want, got)
		})
	}
}

// naive is the verdict once all have voted, by the words of the contract.
func naive(about redlock.Question, votes []int) distlock.Verdict {
	count := func(of ...int) (c int) {
		for _, v := range votes {
			if slices.Contains(of, v) {
				c++
			}
		}
		return c
	}
	majority := func(c int) bool { return 2*c > len(votes) }
	switch {
	case majority(count(y)):
		return distlock.Agreed
	case about == redlock.Lock && majority(count(y, n)):
		return distlock.Denied
	case about != redlock.Lock && !majority(len(votes)-count(n)): // nobody could make it a majority of yes
		return distlock.Denied
	case about == redlock.Release && majority(count(y, n)):
		return distlock.Agreed
	case majority(count(r)):
		return distlock.Rejected
	default:
		return distlock.Unanswered
	}
}

// outcomes collects the verdicts of all ways in which the election can end.
func outcomes(size int, about redlock.Question, got []int, into map[distlock.Verdict]bool) {
	if len(got) == size {
		into[naive(about, got)] = true
		return
	}
	for b := range redlock.Ballots {
		outcomes(size, about, append(slices.Clone(got), b), into)
	}
}

func requireLikeNaive(t *testing.T, size int, about redlock.Question, got []int) {
	t.Helper()
	possible := make(map[distlock.Verdict]bool)
	outcomes(size, about, got, possible)
	v, certain := redlock.Verdict(size, about, got...)
	require.Equal(t, len(possible) == 1, certain, "%d nodes, question %d, %v: possible %v", size, about, got, possible)
	if certain {
		require.True(t, possible[v], "%d nodes, question %d, %v: %v, possible %v", size, about, got, v, possible)
	}
	rest := slices.Clone(got)
	for len(rest) < size {
		rest = append(rest, u)
	}
	require.Equal(t, naive(about, rest), redlock.Settled(size, about, got...), "%d nodes, question %d, %v, time over", size, about, got)
}

func TestTheTallyAgreesWithItsNaiveTwin(t *testing.T) {
	var every func(size int, got []int)
	every = func(size int, got []int) {
		for about := range redlock.Questions {
			requireLikeNaive(t, size, about, got)
		}
		if len(got) < size {
			for b := range redlock.Ballots {
				every(size, append(slices.Clone(got), b))
			}
		}
	}
	for size := 1; size <= 4; size++ {
		every(size, nil)
	}
}

func FuzzTally(f *testing.F) {
	f.Add(uint8(5), []byte{0, 1, 2, 3, 4})
	f.Add(uint8(7), []byte{0, 0, 0})
	f.Add(uint8(4), []byte{0, 0, 1, 1})
	f.Fuzz(func(t *testing.T, size uint8, votes []byte) {
		n := 1 + int(size)%7
		got := make([]int, 0, n)
		for _, v := range votes[:min(len(votes), n)] {
			got = append(got, int(v)%redlock.Ballots)
		}
		for about := range redlock.Questions {
			requireLikeNaive(t, n, about, got)
		}
	})
}
