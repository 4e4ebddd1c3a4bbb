package chaos

import (
	"cmp"
	"slices"
	"sync"
)

// A Register is what a fencing token protects: for each key one number, behind a mark
// that lets no older token through than the newest it has seen. It is a model for a
// resource of your own. Its zero value has 0 under every key. All methods are safe for
// concurrent use and do not block.
type Register struct {
	mu    sync.Mutex
	cells map[string]cell
}

type cell struct {
	mark  int64  // the largest fencing token seen
	owner string // whose it was
	value int64
}

// passes reports whether the fence lets a token through. An equal token of the same
// owner is that owner's next request; of another it is a lock that gave one token to
// two.
func (c *cell) passes(owner string, fencing int64) bool {
	return fencing > c.mark || fencing == c.mark && fencing > 0 && owner == c.owner
}

// Open raises the mark of key to fencing and returns the value that it guards, or
// false where a newer token, or an equal one of another owner, was there before. A
// holder calls it before it bases anything on the value: from then on no earlier
// holder's write can be applied, so that none is lost.
func (r *Register) Open(key, owner string, fencing int64) (value int64, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.cells[key]
	if !c.passes(owner, fencing) {
		return 0, false
	}
	// The mark first: what is read must be the last that could be written before it.
	c.mark, c.owner = fencing, owner
	r.keep(key, c)
	return c.value, true
}

// Write sets the value of key and reports whether the fence let it through. Check and
// change are one step; a check of its own would leave room for a newer holder between
// the two.
func (r *Register) Write(key, owner string, fencing, value int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := r.cells[key]
	if !c.passes(owner, fencing) {
		return false
	}
	r.keep(key, cell{mark: fencing, owner: owner, value: value})
	return true
}

func (r *Register) keep(key string, c cell) {
	if r.cells == nil {
		r.cells = make(map[string]cell)
	}
	r.cells[key] = c
}

// A Ledger is what no fence protects: for each key a list of numbers, read as a whole
// and written back as a whole, with one more. Where two critical sections overlap, the
// one that puts last undoes what the other put: that needs no clock to be seen. Each
// number must be put once only. Its zero value is empty. All methods are safe for
// concurrent use.
type Ledger struct {
	mu     sync.Mutex
	sheets map[string]*sheet
}

type sheet struct {
	now    []int64
	erased map[int64]struct{} // put once, and not there now

	// eraser has, for each number that ever vanished, the one whose writer first put
	// back a list without it: that writer had read before the number was put. Later
	// ones may only have read what the first left.
	eraser map[int64]int64
}

// An Erasure is an update of an unfenced resource that is lost. Value was added by the
// one, and By by the first who undid it, having read before it and written after it.
type Erasure struct {
	Key   string `json:"key"`
	Value int64  `json:"value"`
	By    int64  `json:"by"`
}

// Read returns the list under key. It is shared: append to it, and change nothing.
func (l *Ledger) Read(key string) []int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.sheets[key]
	if p == nil {
		return nil
	}
	return p.now[:len(p.now):len(p.now)]
}

// Put replaces the list under key: by one that was read, with one number appended. It
// takes its time in proportion to the list, which it keeps.
func (l *Ledger) Put(key string, list []int64) {
	if len(list) == 0 {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.sheets[key]
	if p == nil {
		p = &sheet{erased: make(map[int64]struct{}), eraser: make(map[int64]int64)}
		if l.sheets == nil {
			l.sheets = make(map[string]*sheet)
		}
		l.sheets[key] = p
	}
	same := 0
	for same < len(p.now) && same < len(list) && p.now[same] == list[same] {
		same++
	}
	by := list[len(list)-1]
	for _, v := range p.now[same:] {
		p.erased[v] = struct{}{}
		if _, before := p.eraser[v]; !before {
			p.eraser[v] = by
		}
	}
	for _, v := range list[same:] {
		delete(p.erased, v) // put back by one who had read it before it vanished
	}
	p.now = list
}

// Lost returns the numbers under key that were put and have vanished, in order.
func (l *Ledger) Lost(key string) []int64 {
	var lost []int64
	for _, e := range l.Erased() {
		if e.Key == key {
			lost = append(lost, e.Value)
		}
	}
	return lost
}

// Erased returns all that has vanished, by key and number: what [History] has as
// Erased.
func (l *Ledger) Erased() []Erasure {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []Erasure
	for key, p := range l.sheets {
		for value := range p.erased {
			all = append(all, Erasure{Key: key, Value: value, By: p.eraser[value]})
		}
	}
	slices.SortFunc(all, func(a, b Erasure) int {
		return cmp.Or(cmp.Compare(a.Key, b.Key), cmp.Compare(a.Value, b.Value))
	})
	return all
}
