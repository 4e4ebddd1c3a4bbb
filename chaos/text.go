package chaos

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// How much of what may be long stands in the plain summary; the rest is in the page
// and in the JSON.
const (
	textFindings = 5
	textGaps     = 8
	textFaults   = 6
	textCells    = 6   // of a reason
	textWidth    = 160 // runes of a finding
)

// Summary returns the report's verdict in one line without its end.
func (r *Report) Summary() string { return r.verdict() + ": " + r.scope() }

// scope tells in what the verdict was found.
func (r *Report) scope() string {
	reached, cells := r.reached()
	s := fmt.Sprintf("%s, %s, %d of %d cells reached, %s, %s",
		plural(r.count("acquired"), "acquisition"), plural(r.count("faults"), "fault"),
		reached, cells, r.seeds(), r.lasted())
	if r.Stopped != "" {
		s += ", ended early: " + printable(r.Stopped)
	}
	return s
}

// seeds tells what the run was planned from.
func (r *Report) seeds() string {
	if r.Seeds > 0 {
		return fmt.Sprintf("%s from %d on", plural(r.Seeds, "seed"), r.Seed)
	}
	return fmt.Sprintf("seed %d", r.Seed)
}

// lasted tells how long the run was, on its own clock.
func (r *Report) lasted() string {
	const day, year = 24 * time.Hour, 8766 * time.Hour
	switch d := r.history().Elapsed; {
	case r.Seeds == 0:
		return brief(d).String()
	case d >= year:
		return fmt.Sprintf("%.2f years of virtual time", d.Hours()/year.Hours())
	case d >= day:
		return fmt.Sprintf("%.1f days of virtual time", d.Hours()/day.Hours())
	default:
		return fmt.Sprintf("%v of virtual time", brief(d))
	}
}

// WriteText writes a summary for a terminal, of some twenty lines: the verdict and
// what violated it first, the command that repeats the run last. What others wrote,
// such as the texts of errors, is kept from controlling the terminal.
func (r *Report) WriteText(w io.Writer) error {
	var b bytes.Buffer
	r.textHead(&b)
	r.textFindings(&b)
	r.textMatrix(&b)
	r.textLatency(&b)
	seeds := r.seeds()
	fmt.Fprintf(&b, "%s. To repeat:\n  %s\n", strings.ToUpper(seeds[:1])+seeds[1:], printable(r.Command))
	_, err := b.WriteTo(w)
	return err
}

// verdict returns the verdict's words.
func (r *Report) verdict() string {
	if r.OK() {
		return "No violation found"
	}
	return plural(len(r.Verdict.Violations), "violation")
}

func (r *Report) textHead(b *bytes.Buffer) {
	fmt.Fprintf(b, "%s\n", r.verdict())
	if r.Stopped != "" {
		fmt.Fprintf(b, "  ended early: %s\n", printable(r.Stopped))
	}
	if r.Seeds > 0 {
		fmt.Fprintf(b, "  %s: %s, %s\n", printable(r.Layer), r.seeds(), r.lasted())
	} else {
		fmt.Fprintf(b, "  %s: %s, %s, lease %v, guard %v, %s\n", printable(r.Layer),
			plural(len(r.Nodes), "node"), plural(len(r.Clients), "client"), r.TTL, r.Guard, r.lasted())
	}
	fmt.Fprintf(b, "  %s, %s, %s\n", plural(r.count("acquired"), "acquisition"),
		plural(r.count("ops"), "operation"), plural(r.count("faults"), "fault"))
	if list := r.commonFaults(); list != "" {
		fmt.Fprintf(b, "  faults: %s\n", list)
	}
	fmt.Fprintf(b, "  %s while an assumption was broken, %s refused, %s without a fence\n",
		plural(r.Verdict.Overlaps, "overlap"), plural(r.Verdict.StaleWrites, "stale write"),
		plural(r.Verdict.LostUpdates, "lost update"))
	if r.count("acquired") == 0 {
		fmt.Fprintln(b, "  no lease was ever acquired: this run says nothing of locks that are held")
	}
}

// commonFaults lists the faults that were injected, the most frequent first: of many
// seeds, which have no page to look it up in, all kinds.
func (r *Report) commonFaults() string {
	n := r.injected()
	list := slices.DeleteFunc(Rows(), func(row Row) bool { return n[row] == 0 })
	slices.SortStableFunc(list, func(x, y Row) int { return n[y] - n[x] })
	var parts []string
	for i, row := range list {
		if i == textFaults && r.Seeds == 0 {
			parts = append(parts, plural(len(list)-i, "more kind"))
			break
		}
		parts = append(parts, fmt.Sprintf("%v %d", row, n[row]))
	}
	return strings.Join(parts, ", ")
}

func (r *Report) textFindings(b *bytes.Buffer) {
	for i, v := range r.Verdict.Violations {
		if i == 0 {
			fmt.Fprintln(b, "Violations:")
		}
		if i == textFindings {
			fmt.Fprintf(b, "  … and %d more\n", len(r.Verdict.Violations)-i)
			break
		}
		fmt.Fprintf(b, "  %s at %v", printable(v.Invariant), moment(v.At))
		if v.Key != "" {
			fmt.Fprintf(b, ", key %q", v.Key)
		}
		if len(v.Clients) > 0 {
			fmt.Fprintf(b, ", by %s", printable(strings.Join(v.Clients, " and ")))
		}
		fmt.Fprintf(b, ":\n    %s\n", shortened(printable(v.Text), textWidth))
	}
	for i, d := range r.Verdict.Demonstrations {
		if i == 0 {
			fmt.Fprintln(b, "Demonstrated, as no lease can prevent it:")
		}
		if i == textFindings {
			fmt.Fprintf(b, "  … and %d more\n", len(r.Verdict.Demonstrations)-i)
			break
		}
		fmt.Fprintf(b, "  %s at %v: %s\n", d.Assumption.cause(), moment(d.At), shortened(printable(d.Text), textWidth))
	}
}

// cause tells what breaks the assumption.
func (a Assumption) cause() string {
	switch a {
	case "":
		return "paused holder"
	case SoundClocks:
		return "clock that ran ahead"
	case KeptMemory:
		return "node that forgot"
	default:
		return printable(string(a))
	}
}

func (r *Report) textMatrix(b *bytes.Buffer) {
	n, of := r.reached()
	fmt.Fprintf(b, "Matrix: %d of %d cells reached", n, of)
	gaps := r.gaps()
	if len(gaps) == 0 {
		fmt.Fprintln(b)
		return
	}
	fmt.Fprintln(b, ", not:")
	var reasons []string
	byReason := make(map[string][]string)
	for _, g := range gaps {
		if byReason[g.Reason] == nil {
			reasons = append(reasons, g.Reason)
		}
		byReason[g.Reason] = append(byReason[g.Reason], g.String())
	}
	for i, why := range reasons {
		if i == textGaps-1 && len(reasons) > textGaps {
			fmt.Fprintf(b, "  … for %d more reasons\n", len(reasons)-i)
			break
		}
		cells := byReason[why]
		if more := len(cells) - textCells; more > 1 {
			cells = append(cells[:textCells:textCells], fmt.Sprintf("%d more", more))
		}
		fmt.Fprintf(b, "  %s: %s\n", strings.Join(cells, ", "), printable(why))
	}
}

// textLatency writes a line for each kind of operation, without and with faults.
func (r *Report) textLatency(b *bytes.Buffer) {
	if len(r.Latency) == 0 {
		return
	}
	fmt.Fprintln(b, "Latency, p50 / p99 / longest:")
	table := tabwriter.NewWriter(b, 0, 0, 3, ' ', 0)
	fmt.Fprintln(table, "  \twithout faults\twhile a fault raged")
	for _, kind := range latencyKinds(r.Latency) {
		cells := [2]string{"-", "-"}
		for _, l := range r.Latency {
			if l.Kind == kind && l.Count > 0 {
				i := 0
				if l.Faulty {
					i = 1
				}
				cells[i] = fmt.Sprintf("%v / %v / %v", brief(l.P50), brief(l.P99), brief(l.Max))
			}
		}
		fmt.Fprintf(table, "  %s\t%s\t%s\n", printable(string(kind)), cells[0], cells[1])
	}
	_ = table.Flush() // a bytes.Buffer takes all
}

// latencyKinds returns the kinds of operations in list, in its order.
func latencyKinds(list []Latency) []OpKind {
	var kinds []OpKind
	for _, l := range list {
		if !slices.Contains(kinds, l.Kind) {
			kinds = append(kinds, l.Kind)
		}
	}
	return kinds
}
