//go:build unix

package main

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	stdin  = 0
	stdout = 1
)

// lendTerminal has the command started in the terminal's foreground where distlock
// is there itself: a group in the background is stopped when it reads. takeBack,
// called with SIGTTOU ignored, undoes it for who comes next, such as the shell
// script that called distlock.
//
// Only where input and output are both the terminal: in "distlock run ... | less"
// it is less that reads the keys.
func lendTerminal(attr *syscall.SysProcAttr) (takeBack func()) {
	own, err := unix.Getpgid(0)
	if err != nil {
		return func() {}
	}
	for _, fd := range []int{stdin, stdout} {
		if foreground, err := unix.IoctlGetInt(fd, unix.TIOCGPGRP); err != nil || foreground != own {
			return func() {}
		}
	}
	attr.Foreground, attr.Ctty = true, stdin
	return func() { _ = unix.IoctlSetPointerInt(stdin, unix.TIOCSPGRP, own) }
}

// terminalWidth returns how many columns a terminal has.
func terminalWidth(file *os.File) int {
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	if err != nil || size.Col == 0 {
		return usualWidth
	}
	return int(size.Col)
}
