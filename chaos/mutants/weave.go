package main

import (
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"slices"
	"strings"
)

// chosen is the variable that has the number of the mutant to be run.
const chosen = "mutantChosen"

// errOwnBuild is what a mutant meets that cannot share a build with others.
var errOwnBuild = errors.New("needs a build of its own")

// A weft is a Go file in which mutants stand beside the original, which runs as long
// as none of them is chosen.
type weft struct {
	*source
	inserts []insert
	copies  strings.Builder // functions, each with a mutant in it
}

// An insert is text to be put in at an offset, over the size bytes that are there.
type insert struct {
	at, size int
	text     string
}

// weave adds a mutant under a number: its functions as copies of their own, and, at the
// beginning of the original ones, a guard that goes there in their place.
func (w *weft) weave(number int, m *Mutant, text string) error {
	planted, err := parse(m.File, text)
	if err != nil {
		return errOwnBuild // where the compiler tells what is wrong
	}
	functions, ok := w.changed(planted)
	if !ok || slices.ContainsFunc(functions, func(i int) bool { return !copyable(planted.functions[i]) }) {
		return errOwnBuild
	}
	for _, i := range functions {
		w.guard(number, m, planted, i)
	}
	return nil
}

// copyable reports whether a function may be called by another in its place.
func copyable(f *ast.FuncDecl) bool {
	if f.Type.TypeParams != nil || f.Recv != nil && generic(f.Recv.List[0].Type) {
		return false // the call would have to name types
	}
	recovers := false
	ast.Inspect(f.Body, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			name, ok := call.Fun.(*ast.Ident)
			recovers = recovers || ok && name.Name == "recover" // works where f itself is deferred
		}
		_, literal := n.(*ast.FuncLit)
		return !literal
	})
	return !recovers
}

func generic(receiver ast.Expr) bool {
	found := false
	ast.Inspect(receiver, func(n ast.Node) bool {
		switch n.(type) {
		case *ast.IndexExpr, *ast.IndexListExpr:
			found = true
		}
		return !found
	})
	return found
}

// guard writes the copy of a function, and the guard. Complaints of the compiler name
// the mutant: the line directive says so.
func (w *weft) guard(number int, m *Mutant, planted *source, i int) {
	f := planted.functions[i]
	parameters, arguments := planted.signature(f)
	name := fmt.Sprintf("mutant%dFunction%d", number, i)
	results, call := "", name+"("+arguments+")"
	if r := f.Type.Results; r != nil {
		results = planted.between(r.Pos(), r.End()) + " "
		call = "return " + call
	} else {
		call += "; return"
	}
	fmt.Fprintf(&w.copies, "\n//line %s:1\nfunc %s(%s) %s%s\n", m.lineFile(), name, parameters, results, planted.body(i))
	w.inserts = append(w.inserts, insert{
		at:   w.offset(w.functions[i].Body.Lbrace) + 1,
		text: fmt.Sprintf(" if %s == %d { %s };", chosen, number, call),
	})
}

// lineFile is the file that the compiler is told a mutant's copies are in.
func (m *Mutant) lineFile() string { return "mutant_" + m.Name + ".go" }

// signature returns the parameters of a function's copy, the receiver first, and the
// arguments of a call that hands them on. What has no name is not used and is left out.
func (s *source) signature(f *ast.FuncDecl) (parameters, arguments string) {
	var fields []*ast.Field
	if f.Recv != nil {
		fields = append(fields, f.Recv.List...)
	}
	var par, arg []string
	for _, field := range append(fields, f.Type.Params.List...) {
		kind := s.between(field.Type.Pos(), field.Type.End())
		for _, name := range field.Names {
			if name.Name == "_" {
				continue
			}
			par = append(par, name.Name+" "+kind)
			if _, variadic := field.Type.(*ast.Ellipsis); variadic {
				arg = append(arg, name.Name+"...")
				continue
			}
			arg = append(arg, name.Name)
		}
	}
	return strings.Join(par, ", "), strings.Join(arg, ", ")
}

// String returns the file's text with all that was woven in.
func (w *weft) String() string {
	inserts := slices.Clone(w.inserts)
	slices.SortStableFunc(inserts, func(a, b insert) int { return cmp.Compare(a.at, b.at) })
	var b strings.Builder
	from := 0
	for _, in := range inserts {
		b.WriteString(w.text[from:in.at])
		b.WriteString(in.text)
		from = in.at + in.size
	}
	b.WriteString(w.text[from:])
	b.WriteString(w.copies.String())
	return b.String()
}
