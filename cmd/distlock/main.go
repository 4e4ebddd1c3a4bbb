// Command distlock runs a command while it holds a lock on Redis, tells who holds
// one, and demonstrates the library.
//
//	distlock run --node redis://10.0.0.1 --key nightly-report -- ./report --full
//
// runs on one machine at a time, however many start it. One --node is a lock on
// one Redis, several are a quorum of independent ones. The command is ended the
// moment the lease is lost; `distlock run --help` lists the exit codes.
//
// Programs in Go use the library: it has everything that this command does.
//
// Limits: a lease is a promise about time. A command that is paused beyond its
// lease, or that takes its grace to end, may still be at work when the next holder
// begins; what must not be touched then has to check DISTLOCK_FENCING_TOKEN.
package main

import (
	"context"
	"io"
	"os"
	"runtime/debug"
	"slices"

	"github.com/redis/go-redis/v9/logging"
	"github.com/urfave/cli/v3"

	"github.com/lilith/distlock/chaos"
)

func main() {
	chaos.Worker() // this process may be a client of a chaos run
	os.Exit(execute(os.Args, os.Stdout, os.Stderr))
}

// execute is the whole program: it returns the exit code.
func execute(args []string, stdout, stderr io.Writer) int {
	// go-redis logs to stderr, which is the locked command's own, and what it logs
	// stands in the votes as well.
	logging.Disable()
	args, command := splitCommand(args)
	root := newRoot(command)
	root.Writer, root.ErrWriter = stdout, stderr
	err := root.Run(context.Background(), args)
	if err == nil {
		return 0
	}
	say(stderr, err.Error())
	return codeOf(err)
}

// splitCommand cuts args at the first "--". What follows is another program's and
// is kept from the flag parser, which would take "-x" or "help" for its own. The
// command is nil where there is no "--".
func splitCommand(args []string) (own, command []string) {
	i := slices.Index(args, "--")
	if i < 0 {
		return args, nil
	}
	return args[:i], slices.Clip(args[i+1:])
}

func newRoot(command []string) *cli.Command {
	return &cli.Command{
		Name:  "distlock",
		Usage: "run a command on one machine at a time, by a lock on Redis",
		UsageText: "distlock run --node URL [--node URL ...] --key KEY [options] -- COMMAND [ARG ...]\n" +
			"distlock status --node URL [--node URL ...] --key KEY [--json]\n" +
			"distlock demo\n" +
			"distlock chaos [options]",
		Version:         version(),
		Commands:        []*cli.Command{newRun(command), newStatus(), newDemo(), newChaos()},
		Action:          noCommand,
		OnUsageError:    onUsageError,
		ExitErrHandler:  func(context.Context, *cli.Command, error) {}, // execute exits
		HideHelpCommand: true,
	}
}

// noCommand is what runs where the arguments name none of the commands.
func noCommand(_ context.Context, cmd *cli.Command) error {
	if name := cmd.Args().First(); name != "" {
		return usageError("there is no command %q; see distlock --help", name)
	}
	cmd.Writer = cmd.ErrWriter
	if err := cli.ShowRootCommandHelp(cmd); err != nil {
		return err
	}
	return usageError("name a command")
}

// version is the module's version as it was built, with the revision where the
// build knows only that.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return "(devel) " + s.Value
		}
	}
	return "(devel)"
}
