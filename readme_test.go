package distlock_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
	"github.com/lilith/distlock/chaos"
	"github.com/lilith/distlock/internal/redistest"
	"github.com/lilith/distlock/redlock"
	"github.com/lilith/distlock/single"
)

// The functions below are the README's code blocks, word for word; each is run.

func readmeSingle(ctx context.Context, addr string, report func(context.Context, *distlock.Handle) error) error {
	client := redis.NewClient(&redis.Options{Addr: addr})
	defer client.Close()
	locker, err := single.New(client, distlock.Config{KeyPrefix: "myapp:"})
	if err != nil {
		return err
	}
	handle, err := locker.Acquire(ctx, "nightly-report")
	if err != nil {
		return err
	}
	defer handle.Release(ctx)
	return report(ctx, handle)
}

func readmeQuorum(addrs []string) (*distlock.Locker, []redis.UniversalClient, error) {
	clients := make([]redis.UniversalClient, len(addrs)) // one for each independent master
	for i, addr := range addrs {
		clients[i] = redis.NewClient(&redis.Options{Addr: addr})
	}
	locker, err := redlock.New(clients, distlock.Config{KeyPrefix: "myapp:"})
	return locker, clients, err
}

func readmeDo(ctx context.Context, locker *distlock.Locker, export func(context.Context) error) error {
	err := locker.Do(ctx, "nightly-report", func(ctx context.Context) error {
		return export(ctx)
	})
	return err
}

func readmeTry(ctx context.Context, locker *distlock.Locker) error {
	handle, err := locker.TryAcquire(ctx, "job") // one attempt
	switch {
	case errors.Is(err, distlock.ErrHeld):
		return nil // another worker has it
	case err != nil:
		return err
	}
	defer handle.Release(ctx)
	return nil
}

func readmeExtend(ctx context.Context, locker *distlock.Locker, batches []int, write func(int) error) error {
	handle, err := locker.Acquire(ctx, "export", distlock.WithTTL(time.Minute))
	if err != nil {
		return err
	}
	defer handle.Release(ctx)
	for _, batch := range batches {
		if err := write(batch); err != nil {
			return err
		}
		if err := handle.Extend(ctx, 0); err != nil {
			return err
		}
	}
	return nil
}

type readmeStore struct{ mark, balance int64 }

func (s *readmeStore) Open(token int64) (int64, error) {
	if token < s.mark {
		return 0, errors.New("stale")
	}
	s.mark = token
	return s.balance, nil
}

func (s *readmeStore) Write(token, balance int64) error {
	if token < s.mark {
		return errors.New("stale")
	}
	s.balance = balance
	return nil
}

func readmeFence(ctx context.Context, locker *distlock.Locker, store *readmeStore) error {
	handle, err := locker.Acquire(ctx, "account:7")
	if err != nil {
		return err
	}
	defer handle.Release(ctx)
	balance, err := store.Open(handle.FencingToken()) // before reading
	if err != nil {
		return err
	}
	return store.Write(handle.FencingToken(), balance+50)
}

func TestTheReadmesCodeRuns(t *testing.T) {
	ctx := context.Background()
	minis, _ := redistest.Minis(t, 3)
	ran := 0
	require.NoError(t, readmeSingle(ctx, minis[0].Addr(), func(_ context.Context, h *distlock.Handle) error {
		ran++
		require.True(t, minis[0].Exists("myapp:nightly-report"))
		require.True(t, h.IsHeld())
		return nil
	}))
	locker, clients, err := readmeQuorum([]string{minis[0].Addr(), minis[1].Addr(), minis[2].Addr()})
	require.NoError(t, err)
	for _, c := range clients {
		defer c.Close()
	}
	defer locker.Close()
	require.NoError(t, readmeDo(ctx, locker, func(context.Context) error { ran++; return nil }))
	require.NoError(t, readmeTry(ctx, locker))
	require.NoError(t, readmeExtend(ctx, locker, []int{1, 2}, func(int) error { ran++; return nil }))
	var store readmeStore
	require.NoError(t, readmeFence(ctx, locker, &store))
	require.EqualValues(t, 50, store.balance)
	require.Equal(t, 4, ran)
}

func export(context.Context) error { return nil }

func TestNobodyExportsTwice(t *testing.T) {
	cluster, recorder := chaos.Embedded(t, 5), chaos.NewRecorder()
	locker, err := redlock.New(cluster.Dial(), distlock.Config{Trace: recorder.Trace("worker-1")})
	require.NoError(t, err)
	defer locker.Close()
	heal, err := chaos.Inject(t.Context(), chaos.Freeze{Node: 1}, cluster, recorder)
	require.NoError(t, err)
	require.NoError(t, locker.Do(t.Context(), "export", export))
	require.NoError(t, heal())
	verdict := chaos.Check(recorder.History(), chaos.Limits{Slack: time.Second})
	require.Empty(t, verdict.Violations)
}

func TestEveryCodeBlockOfTheReadmeIsCompiled(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	tests, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	var compiled strings.Builder
	for _, name := range tests {
		source, err := os.ReadFile(name)
		require.NoError(t, err)
		compiled.Write(source)
	}
	unindented := regexp.MustCompile(`(?m)^\t+`)
	all := unindented.ReplaceAllString(compiled.String(), "")
	blocks := regexp.MustCompile("(?s)```go\n(.*?)```").FindAllSubmatch(readme, -1)
	require.Greater(t, len(blocks), 5)
	for _, b := range blocks {
		block := unindented.ReplaceAllString(string(b[1]), "")
		if strings.HasPrefix(block, "import") {
			continue // every test's own
		}
		require.Contains(t, all, block, "a block that no test compiles")
	}
}

// TestTheReadmesUserOfRedisHasTheRightsItNeeds gives a user the README's rights and has
// it wait for a lock that only a message can tell it of.
func TestTheReadmesUserOfRedisHasTheRightsItNeeds(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	require.NoError(t, err)
	line := regexp.MustCompile("(?s)ACL SETUSER app .*?\n```").FindString(string(readme))
	require.NotEmpty(t, line)
	words := strings.Fields(strings.TrimSuffix(line, "```"))
	server := redistest.Start(t)
	command := make([]any, len(words))
	for i, word := range words {
		command[i] = word
	}
	server.Do(command...)
	locker := func() *distlock.Locker {
		client := redis.NewClient(&redis.Options{Addr: server.Addr(), Username: "app", Password: "secret"})
		t.Cleanup(func() { _ = client.Close() })
		l, err := single.New(client, distlock.Config{
			KeyPrefix: "myapp:", TTL: time.Hour, MaxRetries: distlock.RetryForever,
			RetryDelay: time.Hour, MaxRetryDelay: time.Hour, NodeTimeout: 10 * time.Second,
		})
		require.NoError(t, err)
		t.Cleanup(func() { _ = l.Close() })
		return l
	}
	one, other := locker(), locker()
	held, err := one.Acquire(t.Context(), "job")
	require.NoError(t, err)
	acquired := make(chan error, 1)
	go func() {
		h, err := other.Acquire(t.Context(), "job")
		if err == nil {
			err = h.Release(t.Context())
		}
		acquired <- err
	}()
	require.Eventually(t, func() bool { return server.Do("EXISTS", "{myapp:job}:queue") == int64(1) }, time.Minute, 5*time.Millisecond)
	// Some seconds later the subscription is tried, which has heard of nothing.
	require.Eventually(t, func() bool { return strings.Contains(server.Do("INFO", "commandstats").(string), "cmdstat_ping:") },
		time.Minute, 20*time.Millisecond)
	require.NoError(t, held.Release(t.Context()))
	require.NoError(t, <-acquired)
	for _, entry := range server.Do("ACL", "LOG").([]any) {
		denied := fmt.Sprint(entry.(map[any]any)["object"])
		require.True(t, strings.HasPrefix(denied, "client"), "%s is denied, which go-redis asks for as it connects", denied)
	}
}
