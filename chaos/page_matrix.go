package chaos

import "math/bits"

// A pageMatrix is the fault matrix as a table, with notes for what was not reached.
type pageMatrix struct {
	Columns     []string
	Rows        []pageRow
	Notes       []pageNote
	Reached, Of int
}

// A pageRow is one fault. Where nothing of it was reached, Reason tells why, and it
// has no cells.
type pageRow struct {
	Name, Meaning, Reason string
	Injected              int
	Cells                 []pageCell
}

// A pageCell is one fault and one operation. Note is the number of a note, 0 for none.
type pageCell struct{ Count, Shade, Note int }

// A pageNote is a reason, told once.
type pageNote struct {
	Number int
	Text   string
}

var rowMeanings = [rows]string{
	"node killed, back with its data", "node killed, back empty", "node back after longer than a lease",
	"node back on older data", "node accepts, answers nothing", "node answers late",
	"nothing passes to or from the node", "carried out, and never answered", "connection ends within the reply",
	"node's clock jumps ahead", "node's clock jumps back", "node's clock too fast or too slow",
	"client stands still, goes on", "client ends without a release", "FLUSHALL, DEL, eviction",
	"READONLY, a replica behind the address", "LOADING, the node reads its data", "OOM, at maxmemory",
	"MISCONF, snapshots fail", "script cache flushed", "something else under the key",
	"NOAUTH, NOPERM", "certificate refused", "connections dead, and look alive",
}

// newPageMatrix returns the table of r's matrix.
func newPageMatrix(r *Report) pageMatrix {
	var m pageMatrix
	m.Reached, m.Of = r.reached()
	for _, c := range Columns() {
		m.Columns = append(m.Columns, c.String())
	}
	injected, counts := r.injected(), r.matrix()
	for _, row := range Rows() {
		p := pageRow{Name: row.String(), Meaning: rowMeanings[row], Injected: injected[row]}
		for _, n := range counts[row] {
			p.Cells = append(p.Cells, pageCell{Count: n, Shade: shade(n)})
		}
		m.Rows = append(m.Rows, p)
	}
	numbers := make(map[string]int)
	for _, g := range r.gaps() {
		if g.Whole {
			m.Rows[g.Row].Cells, m.Rows[g.Row].Reason = nil, g.Reason
			continue
		}
		if numbers[g.Reason] == 0 {
			numbers[g.Reason] = len(numbers) + 1
			m.Notes = append(m.Notes, pageNote{numbers[g.Reason], g.Reason})
		}
		m.Rows[g.Row].Cells[g.Column].Note = numbers[g.Reason]
	}
	return m
}

// shade is how dark a cell with that count is, 0 to 4: one for each factor of eight.
func shade(n int) int { return min(4, (bits.Len(uint(n))+2)/3) }
