// Command mutants proves that the chaos layers find bugs: it plants known ones into
// the library, one at a time, and requires that each is found.
//
//	go run ./chaos/mutants                    # all of them: three minutes on two cores
//	go run ./chaos/mutants --list             # what is planted, and which promise it breaks
//	go run ./chaos/mutants --only release-bare-delete
//	go run ./chaos/mutants --all-layers       # which layers find it, not only the first
//	go run ./chaos/mutants --json mutants.json
//
// A mutant is a piece of text in one file, and what stands in its place. No file is
// touched: edited copies in a temporary directory go to the compiler by "go test
// -overlay". Tests are built once, with all mutants in them: a function that mutants
// change has a copy for each, and begins with a guard that goes there where the
// environment has that mutant's number; a Lua script has a text for each. A mutant of
// anything else, of a constant or a type, gets a build of its own.
//
// A mutant names who finds it, a layer or a test, and that is asked first. Where that
// finds nothing, and with --all-layers, the layers are tried in order, the simulation
// first, until one fails; a row tells which test or invariant did, and after how
// many seeds. What no test could meet is left out: a layer that does not compile the
// file, and, for a mutant of a Lua script, the simulation, whose nodes are plain Go.
//
// The same layers run with no mutant chosen in between, and must pass: a layer that
// fails there kills nothing. One that does tries again at the end, twice at most, when
// no mutant takes its time. With --only that is left out.
//
// The exit code is 0 where every mutant was killed and the unmodified tree passes, 1
// where one survived or the tree fails, and 2 where it could not be told: a mutant whose
// text is not in the tree any more, or does not compile.
//
// Limits: a mutant is killed by the first run that fails. Layers on real time may
// fail for other reasons on a machine that is overloaded, and one without
// redis-server skips the tests that need it, so that a few mutants survive there.
package main
