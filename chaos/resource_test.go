package chaos_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
)

func ExampleRegister() {
	var account chaos.Register
	account.Open("balance", "holder 33", 33) // and pauses, beyond its lease

	balance, _ := account.Open("balance", "holder 34", 34)
	fmt.Println(account.Write("balance", "holder 34", 34, balance+100))

	fmt.Println(account.Write("balance", "holder 33", 33, 7)) // wakes
	// Output:
	// true
	// false
}

func ExampleLedger() {
	var entries chaos.Ledger
	late := entries.Read("today") // and pauses, beyond its lease

	entries.Put("today", append(entries.Read("today"), 1))
	entries.Put("today", append(late, 2)) // wakes
	fmt.Println(entries.Read("today"), "lost:", entries.Lost("today"))
	// Output: [2] lost: [1]
}

func TestARegisterLetsNoOlderTokenThroughOnceItHasSeenANewer(t *testing.T) {
	var r chaos.Register
	_, ok := r.Open("k", "a", 33)
	require.True(t, ok)
	require.True(t, r.Write("k", "a", 33, 5), "the same owner's next request")
	_, ok = r.Open("k", "b", 33)
	require.False(t, ok, "an equal token of another owner")
	require.False(t, r.Write("k", "b", 33, 6))
	value, ok := r.Open("k", "c", 34)
	require.True(t, ok)
	require.Equal(t, int64(5), value)
	require.False(t, r.Write("k", "a", 33, 7), "opened by 34 before 33 wrote")
	require.True(t, r.Write("other", "a", 33, 7), "each key has a mark of its own")
	_, ok = r.Open("new", "a", 0)
	require.False(t, ok, "no token is no token")
}

func TestALedgerTellsWhatVanishedAndWhoFirstUndidIt(t *testing.T) {
	var l chaos.Ledger
	require.Empty(t, l.Read("k"))
	before := l.Read("k")
	l.Put("k", append(before, 1))
	seen := l.Read("k")
	l.Put("k", append(before, 2)) // undoes 1
	require.Equal(t, []int64{1}, l.Lost("k"))
	left := l.Read("k")
	l.Put("k", append(seen, 3)) // puts 1 back, and undoes 2
	require.Equal(t, []int64{2}, l.Lost("k"))
	l.Put("k", append(left, 4)) // undoes 1 and 3, of which it has not seen 3 alone
	require.Equal(t, []chaos.Erasure{{Key: "k", Value: 1, By: 2}, {Key: "k", Value: 3, By: 4}}, l.Erased())
	require.Equal(t, []int64{2, 4}, l.Read("k"))
	require.Empty(t, l.Lost("other"))
}

func TestALedgerUsedInTurnsLosesNothing(t *testing.T) {
	var l chaos.Ledger
	var mu sync.Mutex
	var all sync.WaitGroup
	for client := range int64(4) {
		all.Go(func() {
			for i := range int64(100) {
				mu.Lock()
				l.Put("k", append(l.Read("k"), client*1000+i))
				mu.Unlock()
			}
		})
	}
	all.Wait()
	require.Empty(t, l.Erased())
	require.Len(t, l.Read("k"), 400)
}
