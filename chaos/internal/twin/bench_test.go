package twin_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/chaos/internal/twin"
	"github.com/lilith/distlock/internal/scripts"
)

// ready returns a node that knows the scripts, with a lock held.
func ready(b *testing.B) *twin.Node {
	n := twin.New("run", start)
	for _, s := range prepare {
		_, err := n.Do(start, s.args)
		require.NoError(b, err)
	}
	return n
}

func BenchmarkDo(b *testing.B) {
	fence := scripts.FenceKey("job")
	dead := scripts.TombstoneKey("job", "token")
	acquire := eval(scripts.Acquire, 3, "job", dead, fence, "token", "30000", "1790000000000000").args
	guarded := eval(scripts.Acquire, 3, "job", dead, fence, "token", "30000", "1790000000000000", "run", "").args
	refused := eval(scripts.Acquire, 3, "held", dead, fence, "token", "30000", "1790000000000000").args
	release := eval(scripts.Release, 2, "job", dead, "token", "30000", "0").args
	for _, c := range []struct {
		name string
		args [][]any
	}{
		{"acquire+release", [][]any{acquire, release}},
		{"acquire+release/guarded", [][]any{guarded, release}},
		{"refused", [][]any{refused}},
		{"extend", [][]any{eval(scripts.Extend, 2, "held", "held:fence", "me", "7200000").args}},
		{"accept", [][]any{eval(scripts.Accept, 2, "held", "held:fence", "me", "1790000000000000", "30000").args}},
		{"check", [][]any{eval(scripts.Check, 2, "held", "held:fence").args}},
		{"get", [][]any{{"get", "held"}}},
	} {
		b.Run(c.name, func(b *testing.B) {
			n := ready(b)
			now := start
			b.ReportAllocs()
			for b.Loop() {
				now += time.Millisecond / 8
				for _, args := range c.args {
					if _, err := n.Do(now, args); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}

func BenchmarkNew(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		twin.New("run", start)
	}
}

func BenchmarkClient(b *testing.B) {
	b.Run("open+close", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := twin.Client("node", nil, nil).Close(); err != nil {
				b.Fatal(err)
			}
		}
	})
	for _, n := range []int{1, 5} {
		b.Run(fmt.Sprintf("lock+unlock/nodes=%d", n), func(b *testing.B) {
			_, clients := cluster(b, n)
			l := newLocker(b, clients, distlock.Config{})
			b.ReportAllocs()
			for b.Loop() {
				h, err := l.Acquire(context.Background(), "job")
				if err == nil {
					err = h.Release(context.Background())
				}
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
