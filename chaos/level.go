package chaos

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"maps"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"time"
)

// goroutineLabel is the profiler's label of the goroutines that a run's clients start,
// and of those that these start in turn: it tells them from all others of the process.
const goroutineLabel = "distlock-chaos"

// labelled runs f, whose goroutines carry the run's label.
func (s *sharedState) labelled(f func()) {
	pprof.Do(context.Background(), pprof.Labels(goroutineLabel, s.label), func(context.Context) { f() })
}

// goroutines counts those that carry the run's label.
func (s *sharedState) goroutines() int {
	var profile bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&profile, 1); err != nil {
		return 0 // a Buffer takes all
	}
	// Each stack is a line that begins with how many goroutines have it, and a line of
	// their labels after it.
	count, of := 0, 0
	want := fmt.Sprintf("%q:%q", goroutineLabel, s.label)
	for lines := bufio.NewScanner(&profile); lines.Scan(); {
		line := lines.Text()
		if n, _, ok := strings.Cut(line, " @ "); ok {
			of, _ = strconv.Atoi(n)
		} else if strings.HasPrefix(line, "# labels:") && strings.Contains(line, want) {
			count += of
		}
	}
	return count
}

// levelWithin is how long goroutines and connections may take to go once their clients
// have been closed.
const levelWithin = 10 * time.Second

// levels counts what the clients must have given back, once it has had its time.
func (s *sharedState) levels(ctx context.Context, c *Cluster, before map[string]int) ([]Level, error) {
	deadline := time.Now().Add(levelWithin)
	for {
		all := []Level{{What: "goroutines of clients", After: s.goroutines()}}
		after, err := c.Connections(ctx)
		if err != nil {
			return nil, err
		}
		for _, node := range slices.Sorted(maps.Keys(after)) {
			all = append(all, Level{What: "connections to " + node, Before: before[node], After: after[node]})
		}
		high := slices.ContainsFunc(all, func(l Level) bool { return l.After > l.Before })
		if !high || time.Now().After(deadline) || !sleep(ctx, 20*time.Millisecond) {
			return all, nil
		}
	}
}
