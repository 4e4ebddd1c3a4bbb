package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/urfave/cli/v3"

	"github.com/lilith/distlock"
)

func newStatus() *cli.Command {
	return &cli.Command{
		Name:      "status",
		Usage:     "tell who holds a key, and what each node says",
		UsageText: "distlock status --node URL [--node URL ...] --key KEY [--json]",
		Description: `The state is one of
   held     one owner holds the key, on a quorum: on a majority of the nodes
   free     it can be acquired
   split    some nodes hold it, but no owner has a majority, and nobody can get one
   unknown  too few nodes answered

Exit codes:
   0    the state could be told
   64   usage: a flag is missing or wrong
   69   unavailable: too few nodes answered, or they rejected the request`,
		Flags:  append(lockFlags(), &cli.BoolFlag{Name: "json", Usage: "write JSON, durations in milliseconds"}),
		Action: status,

		DisableSliceFlagSeparator: true, // as in run
		OnUsageError:              onUsageError,
		HideHelpCommand:           true,
	}
}

func status(ctx context.Context, cmd *cli.Command) error {
	t, err := targetOf(cmd)
	if err != nil {
		return err
	}
	conn, err := t.connect()
	if err != nil {
		return err
	}
	defer conn.Close()
	st, asked := conn.Inspect(ctx, t.key)
	r := newReport(t.key, st, asked)
	write := r.writeText
	if cmd.Bool("json") {
		write = r.writeJSON
	}
	if err := write(cmd.Root().Writer); err != nil {
		return err
	}
	if asked != nil {
		// The report has the votes that the rest of the text repeats.
		return &exitError{codeOf(lockError(asked)), r.Error}
	}
	return nil
}

// A report is what status writes. The names in JSON are a promise.
type report struct {
	Key          string       `json:"key"`
	State        string       `json:"state"` // held, free, split or unknown
	Locked       bool         `json:"locked"`
	Token        string       `json:"token"`         // "" unless held
	FencingToken int64        `json:"fencing_token"` // 0 unless held
	RemainingMS  int64        `json:"remaining_ms"`  // 0 unless held, or where the key never expires
	Nodes        []nodeReport `json:"nodes"`
	Error        string       `json:"error,omitempty"`
}

type nodeReport struct {
	Node        string  `json:"node"`
	State       string  `json:"state"` // held, free, error or unreachable
	RemainingMS int64   `json:"remaining_ms"`
	LatencyMS   float64 `json:"latency_ms"`
	Error       string  `json:"error,omitempty"`
}

func newReport(key string, st distlock.Status, asked error) *report {
	r := &report{
		Key: key, State: "split", Locked: st.Locked, Token: st.Token,
		FencingToken: st.FencingToken, RemainingMS: st.Remaining.Milliseconds(),
	}
	free := 0
	for _, v := range st.Votes {
		n := nodeReport{
			Node: v.Node, State: "unreachable", RemainingMS: v.Remaining.Milliseconds(),
			LatencyMS: math.Round(v.Latency.Seconds()*1e6) / 1e3,
		}
		switch v.Outcome {
		case distlock.Granted:
			n.State = "free"
			free++
		case distlock.Refused:
			n.State = "held"
		default:
			var answer redis.Error
			if errors.As(v.Err, &answer) {
				n.State = "error" // it was reached
			}
		}
		if v.Err != nil {
			n.Error = v.Err.Error()
		}
		r.Nodes = append(r.Nodes, n)
	}
	switch {
	case asked != nil:
		r.State = "unknown"
		r.Error, _, _ = strings.Cut(asked.Error(), "\n")
	case st.Locked:
		r.State = "held"
	case free > len(st.Votes)/2:
		r.State = "free"
	}
	return r
}

func (r *report) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

func (r *report) writeText(w io.Writer) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(tw, "key\t%s\n", r.Key)
	fmt.Fprintf(tw, "state\t%s\n", r.State)
	if r.Locked {
		fmt.Fprintf(tw, "token\t%s\n", r.Token)
		fmt.Fprintf(tw, "fencing token\t%d\n", r.FencingToken)
		fmt.Fprintf(tw, "remaining\t%s\n", lasting(r.RemainingMS))
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	fmt.Fprintln(tw)
	fmt.Fprintln(tw, "NODE\tSTATE\tREMAINING\tLATENCY")
	for _, n := range r.Nodes {
		remaining := "-"
		if n.State == "held" {
			remaining = lasting(n.RemainingMS)
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%.1fms", n.Node, n.State, remaining, n.LatencyMS)
		if n.Error != "" {
			fmt.Fprintf(tw, "\t%s", n.Error)
		}
		fmt.Fprintln(tw)
	}
	return tw.Flush()
}

// lasting tells a remaining lifetime. Redis knows none of a key without expiry,
// which only a foreign program can have set.
func lasting(ms int64) string {
	if ms <= 0 {
		return "no expiry"
	}
	return (time.Duration(ms) * time.Millisecond).String()
}
