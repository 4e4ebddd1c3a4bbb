package chaos_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/xml"
	"errors"
	"fmt"
	"html"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/lilith/distlock/chaos"
)

func pageOf(t *testing.T, r *chaos.Report) string {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, r.WriteHTML(&b))
	return b.String()
}

var rawText = regexp.MustCompile(`(?s)(<(?:script|style)[^>]*>)(.*?)(</(?:script|style)>)`)

// textIn returns the text of a part of a page, without tags, on one line.
func textIn(part string) string {
	plain := regexp.MustCompile(`<[^>]*>`).ReplaceAllString(part, " ")
	return strings.Join(strings.Fields(html.UnescapeString(plain)), " ")
}

// section returns the part of a page from one id to the section's end.
func section(t *testing.T, page, id string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, `<section id="`+id+`"`)
	require.True(t, found, "no section %q", id)
	part, _, _ := strings.Cut(rest, "</section>")
	return part
}

// requireBalanced requires that all elements are closed, in order.
func requireBalanced(t *testing.T, page string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(rawText.ReplaceAllString(page, "$1$3")))
	d.Strict, d.Entity = false, xml.HTMLEntity
	void := []string{"meta", "link", "br", "img", "input", "hr"}
	var open []string
	for {
		token, err := d.RawToken()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		switch e := token.(type) {
		case xml.StartElement:
			if name := e.Name.Local; !slices.Contains(void, name) {
				open = append(open, name)
			}
		case xml.EndElement:
			if slices.Contains(void, e.Name.Local) {
				continue
			}
			require.NotEmpty(t, open, "</%s> closes nothing", e.Name.Local)
			require.Equal(t, open[len(open)-1], e.Name.Local, "within %v", open)
			open = open[:len(open)-1]
		}
	}
	require.Empty(t, open)
}

func TestThePageIsWellFormedAndNeedsNothingElse(t *testing.T) {
	for _, violated := range []bool{false, true} {
		page := pageOf(t, sampleReport(7, violated))
		requireBalanced(t, page)
		require.True(t, strings.HasPrefix(page, "<!doctype html>"))
		require.Contains(t, page, `<html lang="en">`)
		markup := rawText.ReplaceAllString(page, "$1$3")
		require.NotContains(t, markup, " style=", "the policy forbids it")
		require.NotRegexp(t, ` on[a-z]+=`, markup, "the policy forbids it")
		require.NotRegexp(t, `(?i)https?://|@import|url\(| src=`, page)
		ids := regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(markup, -1)
		seen := make(map[string]bool)
		for _, id := range ids {
			require.False(t, seen[id[1]], "two elements are %q", id[1])
			seen[id[1]] = true
		}
		for _, link := range regexp.MustCompile(`(?:href="#|labelledby="|describedby="|data-copy=")([^"]*)"`).FindAllStringSubmatch(markup, -1) {
			require.True(t, seen[link[1]], "a link to %q, which is not there", link[1])
		}
	}
}

func TestThePagesPolicyNamesItsStyleAndScriptAndNothingElse(t *testing.T) {
	page := pageOf(t, sampleReport(7, true))
	policy := html.UnescapeString(regexp.MustCompile(`http-equiv="Content-Security-Policy" content="([^"]*)"`).FindStringSubmatch(page)[1])
	require.Contains(t, policy, "default-src 'none'")
	require.NotContains(t, policy, "unsafe")
	for _, e := range rawText.FindAllStringSubmatch(page, -1) {
		sum := sha256.Sum256([]byte(e[2]))
		source := "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
		require.Equal(t, !strings.Contains(e[1], "application/json"), strings.Contains(policy, source), e[1])
	}
}

func TestThePageTellsTheVerdictTheSeedAndTheCommand(t *testing.T) {
	good, bad := sampleReport(8, false), sampleReport(8, true)
	page := pageOf(t, good)
	require.Contains(t, page, "<h1>No violation found</h1>")
	require.NotContains(t, page, `<section id="violations"`)
	require.NotContains(t, page, `<section id="demonstrations"`)

	bad.Stopped = "the disk was full"
	page = pageOf(t, bad)
	require.Contains(t, page, "<h1>2 violations</h1>")
	require.Contains(t, page, "the disk was full")
	list := textIn(section(t, page, "violations"))
	for _, v := range bad.Verdict.Violations {
		require.Contains(t, list, v.Invariant)
		require.Contains(t, list, v.Text)
		require.Contains(t, page, fmt.Sprintf(`data-at="%d"`, v.At.Microseconds()))
	}
	for _, d := range bad.Verdict.Demonstrations {
		require.Contains(t, textIn(section(t, page, "demonstrations")), d.Text)
	}
	run := textIn(section(t, page, "run"))
	for _, want := range []string{"Seed 8", bad.Command, "go1.26.0", "linux/amd64, 2 cores", "14 Mar 2026", "refused 812", "stale writes that the fence refused 17"} {
		require.Contains(t, run, want)
	}
}

func TestThePagesMatrixHasEveryRowAndColumn(t *testing.T) {
	r := sampleReport(9, false)
	table := section(t, pageOf(t, r), "matrix")
	rows := regexp.MustCompile(`(?s)<tr>(.*?)</tr>`).FindAllStringSubmatch(table, -1)
	require.Len(t, rows, 1+len(chaos.Rows()))
	for _, c := range chaos.Columns() {
		require.Contains(t, rows[0][1], ">"+c.String()+"</th>")
	}
	for i, row := range chaos.Rows() {
		markup := rows[i+1][1]
		require.Contains(t, markup, `<th scope="row">`+row.String()+" ")
		cells := regexp.MustCompile(`<td`).FindAllString(markup, -1)
		if why := r.Unreached[row.String()]; why != "" {
			require.Contains(t, textIn(markup), "not reached: "+why)
			require.Len(t, cells, 2)
			continue
		}
		require.Len(t, cells, 1+len(chaos.Columns()), row)
		for c, n := range r.Matrix[row] {
			if n > 0 {
				require.Contains(t, markup, fmt.Sprintf(">%d</td>", n), "%v/%v", row, chaos.Column(c))
			}
		}
	}
	require.Contains(t, textIn(table), r.Unreached["noscript/fence"])
}

func TestThePagesLatenciesStandInATableWithBars(t *testing.T) {
	r := sampleReport(9, false)
	part := section(t, pageOf(t, r), "latency")
	require.Equal(t, 1+len(r.Latency), strings.Count(part, "<svg"))
	require.Contains(t, textIn(part), "acquire none 1200 700µs 1.4ms 3.5ms 21ms")
	require.Contains(t, textIn(part), "acquire raging 2400 1.4ms 28ms 112ms 630ms")
	for _, at := range regexp.MustCompile(`(?:x|x1|x2|cx|width)="(-?[\d.]+)%"`).FindAllStringSubmatch(part, -1) {
		var percent float64
		_, err := fmt.Sscan(at[1], &percent)
		require.NoError(t, err)
		require.True(t, percent >= 0 && percent <= 100, at[0])
	}
	r.Latency = []chaos.Latency{{Kind: chaos.OpAcquire, Count: 1, P50: time.Second, P90: time.Second, P99: time.Second, Max: time.Second}}
	require.NotContains(t, section(t, pageOf(t, r), "latency"), "NaN")
	r.Latency = nil
	require.Contains(t, section(t, pageOf(t, r), "latency"), "None was measured.")
}

func TestNoTextBreaksOutOfThePage(t *testing.T) {
	const evil = `</script><script>alert(1)</script><!-- <script> --> ]]> " onload="alert(1)' {{.}} &lt; ` + "`${alert(1)}` \u2028\x00\xff</title></style>"
	r := sampleReport(10, true)
	r.Layer, r.Command, r.Stopped = evil, evil, evil
	r.Nodes[0], r.Clients[0] = evil, evil
	r.Version[evil], r.Counts[evil], r.Unreached["tls"], r.Unreached["noscript/fence"] = evil, 3, evil, evil
	r.Verdict.Violations[0] = chaos.Violation{Invariant: evil, Text: evil, At: time.Second, Clients: []string{evil}, Key: evil}
	r.Verdict.Demonstrations[0] = chaos.Demonstration{Assumption: evil, Text: evil, At: time.Second}
	r.Latency[0].Kind = evil
	o := &r.History.Ops[0]
	o.Client, o.Kind, o.Key, o.Outcome, o.Err = evil, evil, evil, evil, evil
	in := &r.History.Injections[0]
	in.Fault, in.Node, in.Err, in.Breaks = evil, evil, evil, evil
	r.History.Sightings = []chaos.Sighting{{Node: evil, Key: evil, Value: evil}}
	r.History.Levels = []chaos.Level{{What: evil}}

	hostile, tame := pageOf(t, r), pageOf(t, sampleReport(10, true))
	requireBalanced(t, hostile)
	require.Len(t, rawText.FindAllString(hostile, -1), len(rawText.FindAllString(tame, -1)))
	for _, sign := range []string{"<script", "</script", "<style", "</style", "<!--", "<title", "</title>"} {
		require.Equal(t, strings.Count(tame, sign), strings.Count(hostile, sign), sign)
	}
	require.NotContains(t, rawText.ReplaceAllString(hostile, ""), `" onload="`)
	require.Equal(t, strings.ToValidUTF8(evil, "\ufffd"), timelineOf(t, hostile).Texts[timelineOf(t, hostile).Ops[0][11]], "it is told as it was")
}
