package figure

import (
	"errors"
	"fmt"
	"strings"

	"github.com/lilith/distlock/bench/internal/contest"
)

// A Figure is a drawing and its place in the report.
type Figure struct {
	Chapter  string
	Workload string // name; "" stands at the head of the chapter
	File     string
	Alt      string // what it shows, for who does not see it
	SVG      []byte
}

// All draws every figure that the results have.
func All(results []*contest.Result) ([]Figure, error) {
	var d drawer
	for _, chapter := range contest.Chapters(results) {
		d.chapter = chapter.Name
		d.add("", "bars", chapter.Name, chapter.Name+": medians and quartiles")(Bars(chapter.Name, chapter.Results))
		for _, curve := range curves(chapter.Results) {
			name := curve[0].Workload.Series.Curve
			d.add("", "curve", name, name)(Curve(curve))
		}
		for _, r := range chapter.Results {
			w := r.Workload
			if w.Draw.Latency {
				d.add(w.Name, "latency", w.Name, "latency: "+w.Title)(Latency(r))
			}
			if w.Draw.Timeline {
				d.add(w.Name, "timeline", w.Name, "who held the lock when: "+w.Title)(Timeline(r))
			}
		}
	}
	return d.all, d.err
}

// A drawer collects figures.
type drawer struct {
	chapter string
	all     []Figure
	err     error
}

// add returns what takes in a drawing; one with nothing in it is left out.
func (d *drawer) add(workload, kind, name, alt string) func([]byte, error) {
	return func(svg []byte, err error) {
		if err != nil {
			d.err = errors.Join(d.err, fmt.Errorf("%s of %s: %w", kind, name, err))
			return
		}
		if svg != nil {
			d.all = append(d.all, Figure{d.chapter, workload, kind + "-" + slug(name) + ".svg", alt, svg})
		}
	}
}

// curves groups those results that are points of one.
func curves(results []*contest.Result) [][]*contest.Result {
	var all [][]*contest.Result
	at := make(map[string]int)
	for _, r := range results {
		name := r.Workload.Series.Curve
		if name == "" {
			continue
		}
		i, ok := at[name]
		if !ok {
			i = len(all)
			at[name], all = i, append(all, nil)
		}
		all[i] = append(all[i], r)
	}
	return all
}

// slug makes a file's name of words.
func slug(name string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(name), func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < '0' || r > '9')
	}), "-")
}
