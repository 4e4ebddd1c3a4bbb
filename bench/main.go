// Command bench measures the library beside redsync, redislock, rueidislock and
// floors written by hand, on redis-servers that it starts itself, and writes a report
// with figures:
//
//	go -C bench run .            all of it, into bench/report
//	go -C bench run . --quick    less of each, into bench/report-part
//	go -C bench run . --list     what there is to measure
//
// It is a module of its own, so that what it compares stays out of the module graph of
// the library's users.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/redis/go-redis/v9/logging"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends the program at once
	os.Exit(execute(ctx, os.Args, os.Stdout, os.Stderr))
}

// Exit codes.
const (
	exitFailed      = 1
	exitUsage       = 64  // EX_USAGE of sysexits(3)
	exitInterrupted = 130 // as in a shell
)

// execute is the whole program: it returns the exit code.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	logging.Disable() // go-redis tells of every node that is killed, and we kill them
	root := newCommand()
	root.Writer, root.ErrWriter = stdout, stderr
	err := root.Run(ctx, args)
	if err == nil {
		return 0
	}
	_, _ = fmt.Fprintf(stderr, "bench: %v\n", err)
	return codeOf(err)
}
