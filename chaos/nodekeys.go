package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// nodeKeys are the keys on a node that belong to locks, in order.
type nodeKeys struct {
	all  []string
	held []string // locks that are there
	free []string // locks that are not there, and whose counter is
}

// keysOf lists the keys of locks on a node. A world with a method Prefix restricts
// them to those that begin with it.
func keysOf(ctx context.Context, w World, n Node) (k nodeKeys, err error) {
	prefix := ""
	if p, ok := w.(interface{ Prefix() string }); ok {
		prefix = p.Prefix()
	}
	var counters []string
	for cursor := "0"; ; {
		answer, err := n.Do(ctx, "scan", cursor, "match", "*"+globQuote(prefix)+"*", "count", 1000)
		if err != nil {
			return k, err
		}
		page, ok := answer.([]any)
		if !ok || len(page) != 2 {
			return k, fmt.Errorf("chaos: SCAN on %s answered %v", n.Name(), answer)
		}
		names, _ := page[1].([]any)
		for _, name := range names {
			counters = k.add(fmt.Sprint(name), prefix, counters)
		}
		if cursor = fmt.Sprint(page[0]); cursor == "0" {
			break
		}
	}
	for _, list := range []*[]string{&k.all, &k.held, &counters} {
		slices.Sort(*list)
		*list = slices.Compact(*list) // SCAN may tell a key twice
	}
	for _, lock := range counters {
		if _, there := slices.BinarySearch(k.held, lock); !there {
			k.free = append(k.free, lock)
		}
	}
	return k, nil
}

// add sorts a key into its place, if it is of a lock, and returns the counters' locks.
func (k *nodeKeys) add(name, prefix string, counters []string) []string {
	lock, isCounter := strings.CutSuffix(name, ":fence")
	beside := isCounter || strings.Contains(name, ":dead:") || strings.HasSuffix(name, ":queue")
	if beside {
		if tag, ok := strings.CutPrefix(lock, "{"); ok {
			lock = strings.Replace(tag, "}", "", 1)
		}
	}
	if !strings.HasPrefix(lock, prefix) {
		return counters
	}
	k.all = append(k.all, name)
	switch {
	case isCounter:
		return append(counters, lock)
	case !beside:
		k.held = append(k.held, name)
	}
	return counters
}

// globQuote makes a pattern of Redis that matches s alone.
func globQuote(s string) string {
	return strings.NewReplacer(`\`, `\\`, "*", `\*`, "?", `\?`, "[", `\[`).Replace(s)
}

var errNoKey = errors.New("chaos: no key there that would do")

func pick(names []string, i int) (string, error) {
	if len(names) == 0 {
		return "", errNoKey
	}
	return names[i%len(names)], nil
}

// deleteOne deletes one of the keys of locks on node i.
func deleteOne(ctx context.Context, w World, i, which int, from func(nodeKeys) []string) (heal func(context.Context) error, err error) {
	n, err := nodeAt(w, i)
	if err != nil {
		return nil, err
	}
	k, err := keysOf(ctx, w, n)
	if err != nil {
		return nil, err
	}
	key, err := pick(from(k), which)
	if err != nil {
		return nil, err
	}
	_, err = n.Do(ctx, "del", key)
	return nothing, err
}

// awaitKeys waits until the keys on node i are as wanted, or ctx ends.
func awaitKeys(ctx context.Context, w World, i int, ready func(nodeKeys) bool) error {
	n, err := nodeAt(w, i)
	if err != nil {
		return err
	}
	for {
		k, err := keysOf(ctx, w, n)
		if err != nil || ready(k) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Millisecond):
		}
	}
}
