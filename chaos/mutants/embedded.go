package main

import (
	"errors"
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// An embedding is a variable of Go that has the text of a file beside it, and the
// texts that mutants make of that, by their numbers.
type embedding struct {
	file     string // base name of the Go file
	name     string // of the variable
	at, size int    // its name in its declaration, and what follows
	texts    map[int]string
}

// embeddingOf finds the variable in the package at dir that has the text of a file.
func embeddingOf(dir, embedded string) (*embedding, error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		s, err := parse(file, string(text))
		if err != nil {
			return nil, err
		}
		for _, d := range s.file.Decls {
			if name := embeds(d, embedded); name != nil {
				at := s.offset(name.Pos())
				return &embedding{filepath.Base(file), name.Name, at, len(name.Name), make(map[int]string)}, nil
			}
		}
	}
	return nil, errors.Join(errOwnBuild, fmt.Errorf("no variable of %s is %s", dir, embedded))
}

// embeds returns the variable that d declares, where that is a string that has the
// text of a file.
func embeds(d ast.Decl, file string) *ast.Ident {
	v, ok := d.(*ast.GenDecl)
	if !ok || v.Tok != token.VAR || v.Doc == nil || len(v.Specs) != 1 {
		return nil
	}
	if !slices.ContainsFunc(v.Doc.List, func(c *ast.Comment) bool { return c.Text == "//go:embed "+file }) {
		return nil
	}
	spec, ok := v.Specs[0].(*ast.ValueSpec)
	if !ok || len(spec.Names) != 1 {
		return nil
	}
	if kind, ok := spec.Type.(*ast.Ident); !ok || kind.Name != "string" {
		return nil
	}
	return spec.Names[0]
}

// weaveText has the compiler put the file's text into a variable of another name, and
// the one of the old name chosen from it and what mutants make of it. What is made of that
// one is made after it: variables of a package are initialised by what they need.
func (w *weft) weaveText(e *embedding) {
	original := e.name + "AsItIs"
	w.inserts = append(w.inserts, insert{at: e.at, size: e.size, text: original})
	fmt.Fprintf(&w.copies, "\nvar %s = mutantText(%s, map[int]string{\n", e.name, original)
	for _, number := range sortedKeys(e.texts) {
		fmt.Fprintf(&w.copies, "\t%d: %s,\n", number, strconv.Quote(e.texts[number]))
	}
	w.copies.WriteString("})\n")
}

// chooser is a file beside the woven ones of a package: it reads which mutant is to be run.
func chooser(name string) string {
	return `package ` + name + `

import (
	"os"
	"strconv"
)

var ` + chosen + ` = func() int {
	n, _ := strconv.Atoi(os.Getenv("` + chosenEnv + `"))
	return n
}()

func mutantText(text string, planted map[int]string) string {
	if other, ok := planted[` + chosen + `]; ok {
		return other
	}
	return text
}
`
}

// chosenEnv has the number of the mutant to be run.
const chosenEnv = "DISTLOCK_MUTANT"

// chooserFile is what the chooser is called; no package has a file of that name.
const chooserFile = "mutant_chooser.go"
