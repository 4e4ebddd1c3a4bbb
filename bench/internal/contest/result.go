package contest

import (
	"math"
	"time"

	"github.com/lilith/distlock/bench/internal/stats"
)

// A Result is what a workload gave.
type Result struct {
	Workload *Workload
	Rounds   int
	Took     time.Duration
	Entries  []*Entry // in the order of the contestants
}

// An Entry is what one contestant gave.
type Entry struct {
	Name    string
	Err     string                        // the first thing that went wrong, "" where nothing did
	Values  map[string][]float64          // by metric with its phase: a value a round, NaN where unknown
	Latency map[string]stats.Distribution // by phase and "acquire", "release" or "wait": seconds, of all rounds
	Turns   []Turn                        // of the last round

	raw map[string][]float64 // Latency to be
}

func newEntry(name string) *Entry {
	return &Entry{Name: name, Values: make(map[string][]float64), raw: make(map[string][]float64)}
}

// Entry returns the entry of that name, nil where there is none.
func (r *Result) Entry(name string) *Entry {
	for _, e := range r.Entries {
		if e.Name == name {
			return e
		}
	}
	return nil
}

// Value summarizes the rounds of one metric of a contestant.
func (r *Result) Value(name, metric string) stats.Summary {
	return stats.Summarize(r.values(name, metric))
}

// Ratio summarizes, round by round, one contestant's metric to another's.
func (r *Result) Ratio(name, reference, metric string) stats.Summary {
	return stats.Summarize(stats.Ratios(r.values(name, metric), r.values(reference, metric)))
}

// Relative summarizes, round by round, a contestant's metric in a phase as a ratio to
// the workload's reference in that phase, or to its own in the first.
func (r *Result) Relative(name string, p Phase, metric string) stats.Summary {
	if r.Workload.Reference == "" {
		if len(r.Workload.Phases) == 0 {
			return stats.Summarize(nil)
		}
		healthy := r.values(name, r.Workload.Phases[0].In(metric))
		return stats.Summarize(stats.Ratios(r.values(name, p.In(metric)), healthy))
	}
	return r.Ratio(name, r.Workload.Reference, p.In(metric))
}

func (r *Result) values(name, metric string) []float64 {
	if e := r.Entry(name); e != nil {
		return e.Values[metric]
	}
	return nil
}

// record takes in one turn: each metric gets a value, so that rounds stay aligned.
func (e *Entry) record(p Phase, metrics []Metric, s Sample) {
	for _, m := range metrics {
		v, ok := s.Values[m.Name]
		if !ok {
			v = math.NaN()
		}
		name := p.In(m.Name)
		e.Values[name] = append(e.Values[name], v)
	}
	for op, times := range s.Latency {
		name := p.In(op)
		e.raw[name] = append(e.raw[name], times...)
	}
	if len(s.Turns) > 0 {
		e.Turns = s.Turns
	}
}

// conclude keeps what is drawn, and lets go of the rest.
func (e *Entry) conclude(d Drawings) {
	if d.Latency {
		e.Latency = make(map[string]stats.Distribution)
		for name, times := range e.raw {
			e.Latency[name] = stats.Describe(times)
		}
	}
	if !d.Timeline {
		e.Turns = nil
	}
	e.raw = nil
}

func (e *Entry) fail(err error) {
	if err != nil && e.Err == "" {
		e.Err = err.Error()
	}
}
