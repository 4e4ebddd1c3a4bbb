package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
)

// A source is a Go file, and where in its text the bodies of its functions are.
type source struct {
	text      string
	file      *ast.File
	functions []*ast.FuncDecl // those with a body, in their order
	offset    func(token.Pos) int
}

// parse reads a Go file. The name is for its complaints.
func parse(name, text string) (*source, error) {
	positions := token.NewFileSet()
	file, err := parser.ParseFile(positions, name, text, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	s := &source{text: text, file: file, offset: func(p token.Pos) int { return positions.PositionFor(p, false).Offset }}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Body != nil {
			s.functions = append(s.functions, f)
		}
	}
	return s, nil
}

// between returns the text from one position up to another.
func (s *source) between(from, to token.Pos) string { return s.text[s.offset(from):s.offset(to)] }

func (s *source) body(i int) string {
	b := s.functions[i].Body
	return s.between(b.Pos(), b.End())
}

// outside returns all that is in no function's body.
func (s *source) outside() string {
	var b strings.Builder
	from := 0
	for _, f := range s.functions {
		b.WriteString(s.text[from:s.offset(f.Body.Pos())])
		b.WriteString("{}")
		from = s.offset(f.Body.End())
	}
	b.WriteString(s.text[from:])
	return b.String()
}

// changed returns the functions, by their index, whose bodies alone make planted
// another file than s. It reports false where anything else does.
func (s *source) changed(planted *source) (functions []int, ok bool) {
	if s.outside() != planted.outside() {
		return nil, false
	}
	for i := range s.functions {
		if s.body(i) != planted.body(i) {
			functions = append(functions, i)
		}
	}
	return functions, true
}
