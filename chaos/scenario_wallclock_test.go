package chaos_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
)

// aheadSource puts itself between a server and its system's wall clock. How many seconds
// that is ahead stands in a file beside the server's data directory, which is where a
// server works.
//
// libfaketime is not used: redis-server does not start under it, as it calls for memory
// where an allocator asks for the time.
const aheadSource = `
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long ahead(void) {
	char text[24];
	int fd = open("../ahead", O_RDONLY | O_CLOEXEC);
	if (fd < 0) return 0;
	long n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n < 0) n = 0;
	text[n] = 0;
	return atol(text);
}

int clock_gettime(clockid_t id, struct timespec *ts) {
	int failed = syscall(SYS_clock_gettime, id, ts);
	if (!failed && id == CLOCK_REALTIME) ts->tv_sec += ahead();
	return failed;
}

int gettimeofday(struct timeval *tv, void *zone) {
	(void)zone;
	struct timespec ts;
	int failed = clock_gettime(CLOCK_REALTIME, &ts);
	if (!failed && tv) tv->tv_sec = ts.tv_sec, tv->tv_usec = ts.tv_nsec / 1000;
	return failed;
}

time_t time(time_t *t) {
	struct timespec ts;
	clock_gettime(CLOCK_REALTIME, &ts);
	if (t) *t = ts.tv_sec;
	return ts.tv_sec;
}
`

// ownClocks starts redis-server processes whose wall clocks can be set: keys expire by
// them, TIME tells them, and uptime is counted by them. It needs a C compiler and Linux,
// and skips the test where they are missing. The test cannot run in parallel.
func ownClocks(t *testing.T, n int) *scene {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("needs LD_PRELOAD, as Linux has it")
	}
	compiler, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("needs a C compiler (apt-get install gcc libc6-dev), to set the clocks of Redis servers")
	}
	requireServers(t)
	dir := t.TempDir()
	source, library := filepath.Join(dir, "ahead.c"), filepath.Join(dir, "ahead.so")
	require.NoError(t, os.WriteFile(source, []byte(aheadSource), 0o600))
	out, err := exec.Command(compiler, "-shared", "-fPIC", "-O1", "-o", library, source).CombinedOutput()
	require.NoError(t, err, "%s", out)
	t.Setenv("LD_PRELOAD", library) // servers have it from the start, and after a restart

	c, err := chaos.StartProcesses(n, chaos.ClusterOptions{Dir: dir})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	s := newScene(t, c)
	ahead := make([]time.Duration, n)
	s.jump = func(node int, by time.Duration) {
		ahead[node] += by
		at := filepath.Join(dir, "node-"+strconv.Itoa(node), "ahead")
		// Renamed into place: a server that read half of it would see its clock go back.
		require.NoError(t, os.WriteFile(at+".new", []byte(strconv.Itoa(int(ahead[node].Seconds()))), 0o600))
		require.NoError(t, os.Rename(at+".new", at))
		s.requireAhead(node, ahead[node])
	}
	return s
}

// requireAhead waits until a server goes by its new time: it looks once in a while.
func (s *scene) requireAhead(node int, by time.Duration) {
	s.t.Helper()
	require.Eventually(s.t, func() bool {
		v, err := s.Nodes()[node].Do(s.t.Context(), "time")
		require.NoError(s.t, err)
		seconds, err := strconv.ParseInt(v.([]any)[0].(string), 10, 64)
		require.NoError(s.t, err)
		return time.Unix(seconds, 0).After(time.Now().Add(by - 10*time.Second))
	}, 20*time.Second, 5*time.Millisecond)
}

// requireServers skips the test where there is no redis-server, or fails it, as
// chaos.Processes does.
func requireServers(t *testing.T) {
	t.Helper()
	require.NoError(t, chaos.Processes(t, 1).Close())
}
