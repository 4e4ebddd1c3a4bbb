package report

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/lilith/distlock/bench/internal/contest"
	"github.com/lilith/distlock/bench/internal/stats"
)

// A Record is one run: all that the report is made of.
type Record struct {
	Began   time.Time
	Took    time.Duration
	Command string // that makes such a run
	Budget  contest.Budget
	Machine Machine
	Stopped string   // why the run ended early, "" where it did not
	Skipped []string // workloads that could not run, each with the reason
	Results []*contest.Result
}

// Save writes the record as JSON.
func (r *Record) Save(w io.Writer) error {
	s := savedRecord{
		Began: r.Began, Took: r.Took, Command: r.Command, Budget: r.Budget,
		Machine: r.Machine, Stopped: r.Stopped, Skipped: r.Skipped,
	}
	for _, result := range r.Results {
		s.Results = append(s.Results, saveResult(result))
	}
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

// Load reads a record. What the workloads are called and what they are about comes
// from the catalogue, so that a report can be worded anew.
func Load(from io.Reader, catalogue []*contest.Workload) (*Record, error) {
	var s savedRecord
	if err := json.NewDecoder(from).Decode(&s); err != nil {
		return nil, fmt.Errorf("the results cannot be read: %w", err)
	}
	r := &Record{
		Began: s.Began, Took: s.Took, Command: s.Command, Budget: s.Budget,
		Machine: s.Machine, Stopped: s.Stopped, Skipped: s.Skipped,
	}
	known := make(map[string]*contest.Workload)
	for _, w := range catalogue {
		known[w.Name] = w
	}
	for _, saved := range s.Results {
		w := known[saved.Workload]
		if w == nil {
			return nil, fmt.Errorf("the results are of another version: there is no workload %q any more; measure again", saved.Workload)
		}
		r.Results = append(r.Results, saved.load(w))
	}
	return r, nil
}

type savedRecord struct {
	Began   time.Time      `json:"began"`
	Took    time.Duration  `json:"took"`
	Command string         `json:"command"`
	Budget  contest.Budget `json:"budget"`
	Machine Machine        `json:"machine"`
	Stopped string         `json:"stopped,omitempty"`
	Skipped []string       `json:"skipped,omitempty"`
	Results []savedResult  `json:"results"`
}

type savedResult struct {
	Workload string        `json:"workload"`
	Rounds   int           `json:"rounds"`
	Took     time.Duration `json:"took"`
	Entries  []savedEntry  `json:"entries"`
}

type savedEntry struct {
	Name    string                       `json:"name"`
	Err     string                       `json:"err,omitempty"`
	Values  map[string][]number          `json:"values"`
	Latency map[string]savedDistribution `json:"latency,omitempty"`
	Turns   []savedTurn                  `json:"turns,omitempty"`
}

type savedDistribution struct {
	N         int      `json:"n"`
	Quantiles []number `json:"quantiles"` // at stats.Levels
}

type savedTurn [3]int64 // worker, start and end in ns

func saveResult(r *contest.Result) savedResult {
	s := savedResult{Workload: r.Workload.Name, Rounds: r.Rounds, Took: r.Took}
	for _, e := range r.Entries {
		saved := savedEntry{Name: e.Name, Err: e.Err, Values: make(map[string][]number)}
		for name, values := range e.Values {
			saved.Values[name] = convert[number](values)
		}
		for op, d := range e.Latency {
			if saved.Latency == nil {
				saved.Latency = make(map[string]savedDistribution)
			}
			saved.Latency[op] = savedDistribution{d.N, convert[number](d.Quantiles)}
		}
		for _, t := range e.Turns {
			saved.Turns = append(saved.Turns, savedTurn{int64(t.Worker), int64(t.Start), int64(t.End)})
		}
		s.Entries = append(s.Entries, saved)
	}
	return s
}

func (s savedResult) load(w *contest.Workload) *contest.Result {
	r := &contest.Result{Workload: w, Rounds: s.Rounds, Took: s.Took}
	for _, saved := range s.Entries {
		e := &contest.Entry{Name: saved.Name, Err: saved.Err, Values: make(map[string][]float64)}
		for name, values := range saved.Values {
			e.Values[name] = convert[float64](values)
		}
		for op, d := range saved.Latency {
			if e.Latency == nil {
				e.Latency = make(map[string]stats.Distribution)
			}
			e.Latency[op] = stats.Distribution{N: d.N, Quantiles: convert[float64](d.Quantiles)}
		}
		for _, t := range saved.Turns {
			e.Turns = append(e.Turns, contest.Turn{
				Worker: int(t[0]), Start: time.Duration(t[1]), End: time.Duration(t[2]),
			})
		}
		r.Entries = append(r.Entries, e)
	}
	return r
}

// A number is a float64 that JSON can hold: null where it is unknown.
type number float64

// MarshalJSON writes every digit, so that what is drawn from it is the same.
func (n number) MarshalJSON() ([]byte, error) {
	if v := float64(n); !math.IsNaN(v) && !math.IsInf(v, 0) {
		return strconv.AppendFloat(nil, v, 'g', -1, 64), nil
	}
	return []byte("null"), nil
}

// UnmarshalJSON takes null for unknown.
func (n *number) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		*n = number(math.NaN())
		return nil
	}
	v, err := strconv.ParseFloat(string(data), 64)
	*n = number(v)
	return err
}

func convert[T, F ~float64](from []F) []T {
	to := make([]T, len(from))
	for i, v := range from {
		to[i] = T(v)
	}
	return to
}
