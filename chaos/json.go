package chaos

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// WriteJSON writes the report as one line of JSON, which [ReadReport] reads back
// unchanged. Durations are in nanoseconds. It is to be called when the run is over:
// it does not lock the history.
func (r *Report) WriteJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false) // it is a file of its own, read by people and by jq
	return e.Encode(r)
}

// ReadReport reads what WriteJSON wrote. It is an error where anything follows.
func ReadReport(from io.Reader) (*Report, error) {
	d := json.NewDecoder(from)
	r := new(Report)
	if err := d.Decode(r); err != nil {
		return nil, fmt.Errorf("chaos: reading a report: %w", err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("chaos: reading a report: something follows it")
	}
	return r, nil
}

// MarshalJSON writes the matrix by its names, {"crash":{"acquire":7,…},…}: a report
// is still read right when rows or columns have been added since.
func (m Matrix) MarshalJSON() ([]byte, error) {
	named := make(map[string]map[string]int, rows)
	for r, cells := range m {
		named[rowNames[r]] = make(map[string]int, columns)
		for c, n := range cells {
			named[rowNames[r]][columnNames[c]] = n
		}
	}
	return json.Marshal(named)
}

// UnmarshalJSON reads what MarshalJSON wrote. Names that it does not know are an
// error: what they count would be lost.
func (m *Matrix) UnmarshalJSON(text []byte) error {
	var named map[Row]map[string]int
	if err := json.Unmarshal(text, &named); err != nil {
		return err
	}
	*m = Matrix{}
	for row, cells := range named {
		for name, n := range cells {
			c, err := columnOf(name)
			if err != nil {
				return err
			}
			m[row][c] = n
		}
	}
	return nil
}

func columnOf(name string) (Column, error) {
	for c, known := range columnNames {
		if known == name {
			return Column(c), nil
		}
	}
	return 0, fmt.Errorf("chaos: no operation is called %q", name)
}
