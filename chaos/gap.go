package chaos

import "slices"

// A gap is a cell of the matrix that a run did not reach, or a whole row of them.
type gap struct {
	Row    Row
	Column Column
	Whole  bool // no cell of the row was reached
	Reason string
}

func (g gap) String() string {
	if g.Whole {
		return g.Row.String()
	}
	return g.Row.String() + "/" + g.Column.String()
}

// gaps lists what was not reached, in the order of the matrix, each with its reason.
func (r *Report) gaps() []gap {
	m := r.matrix()
	injected := r.injected()
	var all []gap
	for _, row := range Rows() {
		var missing []Column
		for _, c := range Columns() {
			if m[row][c] == 0 {
				missing = append(missing, c)
			}
		}
		// Where the cells have reasons of their own, they are told one by one.
		own := slices.ContainsFunc(missing, func(c Column) bool {
			return r.Unreached[row.String()+"/"+c.String()] != ""
		})
		if len(missing) == int(columns) && !own {
			all = append(all, gap{Row: row, Whole: true, Reason: r.reason(gap{Row: row, Whole: true}, injected[row])})
			continue
		}
		for _, c := range missing {
			g := gap{Row: row, Column: c}
			g.Reason = r.reason(g, injected[row])
			all = append(all, g)
		}
	}
	return all
}

// reason tells why a gap is one, in the run's own words where it left some.
func (r *Report) reason(g gap, injected int) string {
	for _, name := range []string{g.String(), g.Row.String()} {
		if why := r.Unreached[name]; why != "" {
			return why
		}
	}
	if injected == 0 {
		return "not injected in this run"
	}
	return "injected, but not met in this run"
}

// reached returns how many cells of the matrix were reached, and how many there are.
func (r *Report) reached() (n, of int) {
	m := r.matrix()
	for _, cells := range m {
		for _, count := range cells {
			if of++; count > 0 {
				n++
			}
		}
	}
	return n, of
}

// injected counts the faults that could be injected, by their rows: as the run counted
// them; where it did not, as the history has them.
func (r *Report) injected() [rows]int {
	var n [rows]int
	for i := range r.history().Injections {
		if in := &r.history().Injections[i]; in.Err == "" && in.Row < rows {
			n[in.Row]++
		}
	}
	for row := range rows {
		if counted, ok := r.Counts["fault "+row.String()]; ok {
			n[row] = counted
		}
	}
	return n
}

// count returns one of the run's counts; where the run kept none, what the history
// holds.
func (r *Report) count(name string) int {
	if n, ok := r.Counts[name]; ok {
		return n
	}
	n := 0
	switch name {
	case "ops":
		n = len(r.history().Ops)
	case "acquired":
		for i := range r.history().Ops {
			if o := &r.history().Ops[i]; o.Kind == OpAcquire && o.Outcome == Done {
				n++
			}
		}
	case "faults":
		for _, k := range r.injected() {
			n += k
		}
	}
	return n
}

// matrix returns what was reached; of a report without one, nothing.
func (r *Report) matrix() *Matrix {
	if r.Matrix == nil {
		return new(Matrix)
	}
	return r.Matrix
}

// history returns the history; of a report without one, an empty one.
func (r *Report) history() *History {
	if r.History == nil {
		return new(History)
	}
	return r.History
}
