//go:build unix

package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A session is a distlock process under test. Its standard streams are the
// command's too, so that both have ended only when every descendant has.
type session struct {
	t      *testing.T
	cmd    *exec.Cmd
	stdin  io.Closer
	lines  chan string // of stdout, closed at its end
	stderr *bytes.Buffer
}

// runs starts distlock, or another program that starts it.
func runs(t *testing.T, program string, args ...string) *session {
	t.Helper()
	cmd := exec.Command(program, args...)
	s := &session{t: t, cmd: cmd, lines: make(chan string, 1024), stderr: new(bytes.Buffer)}
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	s.stdin = stdin
	r, w, err := os.Pipe()
	require.NoError(t, err)
	cmd.Stdout, cmd.Stderr = w, s.stderr
	cmd.WaitDelay = patience // of a descendant that outlives it
	require.NoError(t, cmd.Start())
	require.NoError(t, w.Close())
	go func() { // ends with the last descendant
		defer close(s.lines)
		defer r.Close()
		for lines := bufio.NewScanner(r); lines.Scan(); {
			s.lines <- lines.Text()
		}
	}()
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return s
}

// runUnderLock starts distlock run with a shell script as the command.
func runUnderLock(t *testing.T, options []string, script string) *session {
	t.Helper()
	return runs(t, binary, args("run", options, "--", "sh", "-c", script)...)
}

// line returns the next line of stdout.
func (s *session) line() string {
	s.t.Helper()
	select {
	case line, more := <-s.lines:
		if !more {
			require.Fail(s.t, "stdout has ended", "stderr: %s", s.wait())
		}
		return line
	case <-time.After(patience):
		require.Fail(s.t, "no line of stdout")
		return ""
	}
}

// rest returns the lines up to the end of stdout: that of the last descendant.
func (s *session) rest() (lines []string) {
	s.t.Helper()
	deadline := time.After(patience)
	for {
		select {
		case line, more := <-s.lines:
			if !more {
				return lines
			}
			lines = append(lines, line)
		case <-deadline:
			require.Fail(s.t, "stdout does not end: a descendant lives")
		}
	}
}

// wait waits for the end and returns stderr.
func (s *session) wait() string {
	_ = s.cmd.Wait()
	return s.stderr.String()
}

// endsWith requires that everything ends, with the given exit code, and returns
// the rest of stdout, and stderr.
func (s *session) endsWith(code int) (stdout []string, stderr string) {
	s.t.Helper()
	stdout = s.rest()
	stderr = s.wait()
	require.Equal(s.t, code, s.cmd.ProcessState.ExitCode(), "stdout: %q\nstderr: %s", stdout, stderr)
	return stdout, stderr
}

func (s *session) signal(sig syscall.Signal) {
	s.t.Helper()
	require.NoError(s.t, s.cmd.Process.Signal(sig))
}
