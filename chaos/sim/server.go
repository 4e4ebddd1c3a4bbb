package sim

import (
	"time"

	"github.com/lilith/distlock/chaos"
	"github.com/lilith/distlock/chaos/internal/twin"
)

// A twinServer is Redis in plain Go.
type twinServer struct{ *twin.Node }

func newTwin(runID string, now time.Duration, published func(channel, message string, sharded bool) int) redisServer {
	n := twin.New(runID, now)
	n.Published = published
	return twinServer{n}
}

func (s twinServer) do(now time.Duration, args []any) (any, error) { return s.Do(now, args) }

func (s twinServer) restart(now time.Duration, with chaos.Memory) error {
	s.Restart(now, map[chaos.Memory]twin.Memory{
		chaos.Kept: twin.Kept, chaos.Empty: twin.Lost, chaos.Older: twin.Older,
	}[with])
	return nil
}

func (s twinServer) remember(now time.Duration) error {
	s.Snapshot(now)
	return nil
}

func (s twinServer) suffer(c chaos.Condition) error {
	switch c {
	case chaos.Healthy:
		s.Fail(nil)
	case chaos.IsReadOnly:
		s.Fail(twin.ReadOnly)
	case chaos.IsLoading:
		s.Fail(twin.Loading)
	case chaos.IsFull:
		s.Fail(twin.OutOfMemory)
	case chaos.HasMisconf:
		s.Fail(twin.Misconfigured)
	case chaos.WantsPassword:
		s.Fail(twin.Unauthenticated)
	case chaos.ForbidsScripts:
		s.Fail(twin.NoPermission)
	default: // BadCertificate: there is no TLS without a socket
		return chaos.ErrUnsupported
	}
	return nil
}

func (s twinServer) keys(now time.Duration) []chaos.Sighting {
	found := []chaos.Sighting{}
	for _, k := range s.Keys(now) {
		ttl := max(k.Deadline-now, 0) // below 0 it is in its last millisecond
		if k.Deadline == 0 {
			ttl = -1
		}
		found = append(found, chaos.Sighting{Key: k.Name, Value: k.Value, TTL: ttl})
	}
	return found
}

func (s twinServer) close() {}
