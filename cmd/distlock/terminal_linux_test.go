package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// A terminal is a pseudo-terminal with a program in its foreground.
type terminal struct {
	t      *testing.T
	master *os.File
	cmd    *exec.Cmd
	lines  chan string // what the screen shows
}

func onTerminal(t *testing.T, program string, args ...string) *terminal {
	t.Helper()
	fd, err := unix.Open("/dev/ptmx", unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Skipf("needs pseudo-terminals: %v", err)
	}
	master := os.NewFile(uintptr(fd), "/dev/ptmx")
	t.Cleanup(func() { _ = master.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0))
	number, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	require.NoError(t, err)
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	defer slave.Close()

	term := &terminal{t: t, master: master, cmd: exec.Command(program, args...), lines: make(chan string, 1024)}
	term.cmd.Stdin, term.cmd.Stdout, term.cmd.Stderr = slave, slave, slave
	term.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, term.cmd.Start())
	t.Cleanup(func() { _ = term.cmd.Process.Kill() })
	go func() { // ends with the terminal
		defer close(term.lines)
		for lines := bufio.NewScanner(master); lines.Scan(); {
			term.lines <- strings.TrimSpace(lines.Text())
		}
	}()
	return term
}

// shows waits for a line on the screen.
func (term *terminal) shows(want string) {
	term.t.Helper()
	term.until(func(line string) bool { return line == want })
}

// until reads the screen up to a line of which is is true.
func (term *terminal) until(is func(line string) bool) {
	term.t.Helper()
	deadline := time.After(patience)
	for seen := []string{}; ; {
		select {
		case line, more := <-term.lines:
			if is(line) {
				return
			}
			if seen = append(seen, line); !more {
				require.Fail(term.t, "the terminal is closed", "%q", seen)
			}
		case <-deadline:
			require.Fail(term.t, "it never shows that", "%q", seen)
		}
	}
}

func (term *terminal) types(keys string) {
	term.t.Helper()
	_, err := term.master.WriteString(keys)
	require.NoError(term.t, err)
}

func TestTheCommandHasTheTerminalAndTheCallerGetsItBack(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, 3)
	script := `"$0" "$@" -- sh -c 'echo name?; read name; echo "hello $name"'; read after; echo "after: $after"`
	term := onTerminal(t, "sh", args("-c", script, binary, "run", flags(nodes))...)
	term.shows("name?")
	term.types("Ada\n")
	term.shows("hello Ada")
	term.types("more\n")
	term.shows("after: more")
	require.NoError(t, term.cmd.Wait())
}

func TestCtrlCEndsTheCommandAndCtrlZDoesNotStopIt(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, 3)
	term := onTerminal(t, binary, args("run", flags(nodes), "--", "sh", "-c", `echo held; while read x; do echo "got $x"; done; sleep 1000`)...)
	term.shows("held")
	term.types("\x1a") // Ctrl-Z
	term.types("on\n")
	term.shows("got on")
	term.types("\x03") // Ctrl-C
	_ = term.cmd.Wait()
	require.Equal(t, exitSignal+int(syscall.SIGINT), term.cmd.ProcessState.ExitCode())
	require.Eventually(t, func() bool { return free(nodes) }, patience, time.Millisecond)
}

func TestTheCommandEndsWithADistlockThatIsKilled(t *testing.T) {
	t.Parallel()
	nodes := startNodes(t, 3)
	s := runUnderLock(t, flags(nodes), `trap 'echo ended; exit 0' TERM; echo held; while :; do sleep 0.05; done`)
	require.Equal(t, "held", s.line())
	s.signal(syscall.SIGKILL)
	require.Equal(t, []string{"ended"}, s.rest())
}

func TestChaosShowsItsProgressInOneLineOfATerminal(t *testing.T) {
	t.Parallel()
	term := onTerminal(t, binary, "chaos", "--seed", "9", "--duration", "1s", "--nodes", "1", "--faults", "slow", "--report", "")
	var live string
	term.until(func(line string) bool {
		if strings.Contains(line, "\r") {
			live = line
		}
		return line == "No violation found"
	})
	for _, phase := range []string{"starting", "faults", "settling", "done"} {
		require.Contains(t, live, "\r"+phase)
	}
	require.NoError(t, term.cmd.Wait())
}
