package chaos

import "fmt"

// A Row is a class of faults: a row of the fault matrix.
type Row uint8

// Rows. The names that String returns are those of the command line's --faults.
const (
	NodeCrash       Row = iota // killed, and back with its data
	CrashMemoryLost            // killed, and back empty
	DelayedRestart             // killed, and back after longer than a lease
	OlderData                  // back on an older state of its data
	NodeFrozen                 // SIGSTOP: accepts, and answers nothing
	SlowNode                   // answers late
	Partition                  // nothing passes between clients and the node
	ReplyLost                  // the request is carried out, its reply never comes
	ResetMidReply              // the connection ends within the reply
	ClockForward               // the node's clock jumps ahead: keys expire early
	ClockBackward              // the node's clock jumps back: keys live longer
	ClockRate                  // the node's clock runs too fast or too slow
	ClientPause                // a client stands still, and goes on
	HolderCrash                // a client ends without a release
	KeysLost                   // FLUSHALL, DEL by hand, eviction
	ReadOnly                   // READONLY: a replica was left behind the address
	Loading                    // LOADING: the node reads its data
	OutOfMemory                // OOM: at maxmemory
	Misconf                    // MISCONF: snapshots fail
	NoScript                   // SCRIPT FLUSH
	WrongType                  // another program put something else under the key
	AuthFailure                // NOAUTH, WRONGPASS, NOPERM
	TLSFailure                 // the node's certificate is refused
	HalfOpen                   // connections that look alive and are dead
	rows
)

var rowNames = [rows]string{
	"crash", "memory-lost", "delayed-restart", "older-data", "frozen", "slow",
	"partition", "reply-lost", "reset-mid-reply", "clock-forward", "clock-backward",
	"clock-rate", "client-pause", "holder-crash", "keys-lost", "readonly", "loading",
	"oom", "misconf", "noscript", "wrongtype", "auth", "tls", "half-open",
}

func (r Row) String() string {
	if r < rows {
		return rowNames[r]
	}
	return fmt.Sprintf("row(%d)", uint8(r))
}

// MarshalText has a row appear by its name in JSON.
func (r Row) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (r *Row) UnmarshalText(text []byte) error {
	for i, name := range rowNames {
		if name == string(text) {
			*r = Row(i)
			return nil
		}
	}
	var own uint8 // a program's own row, as String tells it
	if n, err := fmt.Sscanf(string(text), "row(%d)", &own); n == 1 && err == nil && Row(own) >= rows {
		*r = Row(own)
		return nil
	}
	return fmt.Errorf("chaos: no fault is called %q", text)
}

// Rows returns all rows in their order.
func Rows() []Row {
	all := make([]Row, rows)
	for i := range all {
		all[i] = Row(i)
	}
	return all
}

// A Column is what a lock does when a fault meets it: a column of the matrix.
type Column uint8

// Columns.
const (
	AcquireColumn Column = iota
	ExtendColumn
	ReleaseColumn
	WaitColumn    // between the attempts of one acquisition
	RenewalColumn // automatic extension
	FenceColumn   // the guarded resource checks a fencing token
	columns
)

var columnNames = [columns]string{"acquire", "extend", "release", "wait", "renewal", "fence"}

func (c Column) String() string {
	if c < columns {
		return columnNames[c]
	}
	return fmt.Sprintf("column(%d)", uint8(c))
}

// Columns returns all columns in their order.
func Columns() []Column {
	all := make([]Column, columns)
	for i := range all {
		all[i] = Column(i)
	}
	return all
}

// A Matrix counts, for each fault and operation, how often an operation was under
// way while the fault raged: Matrix[row][column].
type Matrix [rows][columns]int

// Add adds what another run reached.
func (m *Matrix) Add(other *Matrix) {
	for r := range m {
		for c := range m[r] {
			m[r][c] += other[r][c]
		}
	}
}

// Reached counts the operations of h that met each fault.
func Reached(h *History) *Matrix {
	var m Matrix
	for i := range h.Injections {
		in := &h.Injections[i]
		if in.Err != "" || in.Row >= rows {
			continue
		}
		for j := range h.Ops {
			h.Ops[j].meets(in, &m[in.Row])
		}
	}
	return &m
}

// meets counts the op in the columns in which the injection met it.
func (o *Op) meets(in *Injection, row *[columns]int) {
	if in.Client != "" && in.Client != o.Client || o.End < in.Start || o.Start > in.End {
		return
	}
	switch o.Kind {
	case OpAcquire:
		row[AcquireColumn]++
		if o.Attempts > 1 {
			row[WaitColumn]++
		}
	case OpExtend:
		row[ExtendColumn]++
	case OpRelease:
		row[ReleaseColumn]++
	case OpRenew:
		row[RenewalColumn]++
	case OpOpen, OpWrite:
		row[FenceColumn]++
	case OpAdd, OpSignal:
	}
}
