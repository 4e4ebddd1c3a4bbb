//go:build unix

package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/internal/redistest"
)

// onServers names real servers, the first by its socket.
func onServers(t *testing.T, n int, more ...string) (servers []*redistest.Server, flags []string) {
	t.Helper()
	socket := t.TempDir() + "/redis.sock"
	servers = append(servers, redistest.Start(t, "--unixsocket", socket))
	flags = args("--key", "job", "--node", "unix://"+socket, more)
	for range n - 1 {
		s := redistest.Start(t)
		servers = append(servers, s)
		flags = append(flags, "--node", "redis://"+s.Addr())
	}
	return servers, flags
}

func onOneAndFive(t *testing.T, f func(t *testing.T, n int)) {
	for name, n := range map[string]int{"one": 1, "five": 5} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, n)
		})
	}
}

func TestACommandRunsUnderALockOnRealServersThoughAMinorityHangs(t *testing.T) {
	onOneAndFive(t, func(t *testing.T, n int) {
		servers, flags := onServers(t, n, "--node-timeout", "5s")
		for _, s := range servers[n/2+1:] {
			s.Freeze()
		}
		s := runUnderLock(t, flags, `echo "$DISTLOCK_TOKEN"; read wait; exit 7`)
		token := s.line()
		held := 0
		for _, server := range servers[:n/2+1] {
			if server.Do("get", "job") == token {
				held++
			}
		}
		require.Equal(t, n/2+1, held)
		runUnderLock(t, flags, "echo ran").endsWith(exitHeld)
		for _, server := range servers {
			server.Thaw()
		}
		require.NoError(t, s.stdin.Close())
		s.endsWith(7)
		for _, server := range servers {
			server.Await(func() bool { return server.Do("get", "job") == nil })
		}
	})
}

func TestACommandIsEndedWhenAMajorityOfRealServersFreezes(t *testing.T) {
	onOneAndFive(t, func(t *testing.T, n int) {
		servers, flags := onServers(t, n, "--ttl", "4s", "--node-timeout", "1s", "--grace", "10m")
		s := runUnderLock(t, flags, `trap 'echo asked; exit 0' TERM; echo held; while :; do sleep 0.05; done`)
		require.Equal(t, "held", s.line())
		for _, server := range servers[:n/2+1] {
			server.Freeze()
			t.Cleanup(server.Thaw)
		}
		stdout, stderr := s.endsWith(exitLost)
		require.Equal(t, []string{"asked"}, stdout)
		require.Contains(t, stderr, "lease lost")
	})
}
