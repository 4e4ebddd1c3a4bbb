package distlock_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock"
)

// A memory is a Store of one node in memory, on the clock of the test's bubble. Its
// node can be told to answer late, or not to answer.
type memory struct {
	mu     sync.Mutex
	leases map[string]memoryLease
	fence  int64
	calls  []memoryCall

	delay  map[string]time.Duration // of the answer, by operation
	answer map[string]distlock.Verdict
	err    error // what an Unanswered or Rejected vote carries
	woken  bool  // a release tells somebody elsewhere
	wakes  int   // Awaits
	wake   func()
}

type memoryLease struct {
	token string
	until time.Time
}

type memoryCall struct {
	op  string
	req distlock.Request
	at  time.Time
}

func newMemory() *memory {
	return &memory{
		leases: make(map[string]memoryLease),
		delay:  make(map[string]time.Duration),
		answer: make(map[string]distlock.Verdict),
	}
}

func newLocker(t *testing.T, cfg distlock.Config) (*distlock.Locker, *memory) {
	t.Helper()
	store := newMemory()
	l, err := distlock.New(store, cfg)
	require.NoError(t, err)
	return l, store
}

// answers makes every later request of op answered by v without effect; Agreed
// heals it.
func (m *memory) answers(op string, v distlock.Verdict) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.answer[op] = v
}

func (m *memory) delays(op string, d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.delay[op] = d
}

// hold gives key to another owner for d.
func (m *memory) hold(key string, d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.leases[key] = memoryLease{"another", time.Now().Add(d)}
}

func (m *memory) drop(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.leases, key)
}

func (m *memory) owner(key string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if lease := m.leases[key]; time.Now().Before(lease.until) {
		return lease.token
	}
	return ""
}

func (m *memory) made(op string) (calls []memoryCall) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.calls {
		if c.op == op {
			calls = append(calls, c)
		}
	}
	return calls
}

// begin notes the request and waits as long as its answer takes; a verdict other
// than Agreed is the answer.
func (m *memory) begin(ctx context.Context, op string, req distlock.Request) (distlock.Result, bool) {
	m.mu.Lock()
	m.calls = append(m.calls, memoryCall{op, req, time.Now()})
	delay, answer := m.delay[op], distlock.Agreed
	if v, set := m.answer[op]; set {
		answer = v
	}
	m.mu.Unlock()
	if answer == distlock.Unanswered && delay == 0 {
		delay = req.NodeTimeout
	}
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return m.result(req, distlock.Unanswered, ctx.Err()), false
		}
	}
	return m.result(req, answer, m.err), answer == distlock.Agreed
}

func (m *memory) result(req distlock.Request, v distlock.Verdict, err error) distlock.Result {
	vote := distlock.Vote{Node: "memory", Err: err}
	switch v {
	case distlock.Agreed:
		vote = distlock.Vote{Node: "memory", Outcome: distlock.Granted}
	case distlock.Denied:
		vote = distlock.Vote{Node: "memory", Outcome: distlock.Refused}
	}
	if req.OnVote != nil {
		req.OnVote(vote)
	}
	return distlock.Result{Verdict: v, Votes: []distlock.Vote{vote}}
}

func (m *memory) Acquire(ctx context.Context, req distlock.Request) distlock.Result {
	res, ok := m.begin(ctx, "acquire", req)
	if !ok {
		return res
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if lease := m.leases[req.Key]; time.Now().Before(lease.until) {
		res = m.result(req, distlock.Denied, nil)
		res.Remaining = time.Until(lease.until)
		res.Votes[0].Remaining = res.Remaining
		return res
	}
	m.leases[req.Key] = memoryLease{req.Token, time.Now().Add(req.TTL)}
	if req.FencingToken > 0 {
		m.fence = max(m.fence+1, req.FencingToken)
		res.FencingToken = m.fence
	}
	return res
}

func (m *memory) Extend(ctx context.Context, req distlock.Request) distlock.Result {
	res, ok := m.begin(ctx, "extend", req)
	if !ok {
		return res
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	lease := m.leases[req.Key]
	if lease.token != req.Token || !time.Now().Before(lease.until) {
		return m.result(req, distlock.Denied, nil)
	}
	if until := time.Now().Add(req.TTL); until.After(lease.until) {
		m.leases[req.Key] = memoryLease{req.Token, until}
	}
	return res
}

func (m *memory) Release(ctx context.Context, req distlock.Request) distlock.Result {
	res, ok := m.begin(ctx, "release", req)
	if !ok {
		return res
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	lease := m.leases[req.Key]
	if lease.token != req.Token || !time.Now().Before(lease.until) {
		if req.Repeated {
			return res
		}
		return m.result(req, distlock.Denied, nil)
	}
	delete(m.leases, req.Key)
	res.Woken = m.woken
	return res
}

func (m *memory) HandOver(ctx context.Context, req distlock.Request, granted func(distlock.Result)) distlock.Result {
	res, ok := m.begin(ctx, "handover", req)
	if !ok {
		granted(m.result(*req.Successor, res.Verdict, m.err))
		return res
	}
	won := m.handOver(&req, &res)
	granted(won) // it may ask again
	return res
}

func (m *memory) handOver(req *distlock.Request, res *distlock.Result) distlock.Result {
	m.mu.Lock()
	defer m.mu.Unlock()
	if lease := m.leases[req.Key]; lease.token != req.Token || !time.Now().Before(lease.until) {
		*res = m.result(*req, distlock.Denied, nil)
	} else {
		delete(m.leases, req.Key)
	}
	next := *req.Successor
	if lease := m.leases[req.Key]; time.Now().Before(lease.until) {
		return m.result(next, distlock.Denied, nil)
	}
	won := m.result(next, distlock.Agreed, nil)
	m.leases[req.Key] = memoryLease{next.Token, time.Now().Add(next.TTL)}
	m.fence = max(m.fence+1, next.FencingToken)
	won.FencingToken = m.fence
	return won
}

func (m *memory) Await(req distlock.Request, wake func()) (stop func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.calls = append(m.calls, memoryCall{"await", req, time.Now()})
	m.wakes++
	m.wake = wake
	mine := m.wakes
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		if mine == m.wakes { // or another's
			m.wake = nil
		}
	}
}

// tell wakes who waits as a notification does, and reports whether anybody did.
func (m *memory) tell() bool {
	m.mu.Lock()
	wake := m.wake
	m.mu.Unlock()
	if wake != nil {
		wake()
	}
	return wake != nil
}

func (m *memory) Inspect(ctx context.Context, req distlock.Request) distlock.Result {
	res, ok := m.begin(ctx, "inspect", req)
	if !ok {
		return res
	}
	if res.Owner = m.owner(req.Key); res.Owner != "" {
		res.Held, res.FencingToken = true, m.fence
	}
	return res
}

func (m *memory) Close() error { return nil }
