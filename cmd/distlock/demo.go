package main

import (
	"context"
	"io"
	"time"

	"github.com/urfave/cli/v3"
)

func newDemo() *cli.Command {
	return &cli.Command{
		Name:      "demo",
		Usage:     "show the library at work on five Redis nodes of its own, in about ten seconds",
		UsageText: "distlock demo",
		Description: `The nodes are embedded, listen on free ports of 127.0.0.1 and are gone with the
demo: nothing need be installed. Each line tells what happens as it happens; those
marked ok are claims that have been checked.

Exit codes:
   0  every claim held
   1  one did not; it is marked FALSE and named at the end`,
		Action: func(ctx context.Context, cmd *cli.Command) error {
			if cmd.Args().Present() {
				return usageError("demo takes no arguments")
			}
			return runDemo(ctx, cmd.Root().Writer, scenes, time.Second)
		},
		OnUsageError:    onUsageError,
		HideHelpCommand: true,
	}
}

// A scene is one part of the demo. Its error is what kept it from going on; what
// it claims it claims to the stage.
type scene struct {
	title string
	play  func(context.Context, *stage) error
}

// The scenes, in the order told: each but the first begins where the one before it
// left the nodes.
var scenes = []scene{
	{"A lock on a majority of five nodes", playQuorum},
	{"Two workers, one key", playContention},
	{"Two nodes die under a holder", playMinorityLoss},
	{"A third dies: no majority is left", playMajorityLoss},
	{"The nodes are back", playRecovery},
	{"A holder that overslept", playStaleWrite},
}

// runDemo plays the scenes, with a pause between them for the reader.
func runDemo(ctx context.Context, out io.Writer, scenes []scene, pause time.Duration) error {
	// A demo that hangs must end too, and say where it was.
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	s, err := newStage(out)
	if err != nil {
		return &exitError{exitFalse, "demo: " + err.Error()}
	}
	defer s.close()
	for i, sc := range scenes {
		if i > 0 {
			time.Sleep(pause)
		}
		s.heading(i+1, sc.title)
		if err := sc.play(ctx, s); err != nil {
			s.claim(false, "%s: %v", sc.title, err)
			break
		}
	}
	return s.verdict()
}
