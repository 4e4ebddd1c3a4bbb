// Package chaos breaks what locks stand on, and checks that they hold: nodes crash,
// freeze, forget and come back, networks lose and repeat, clocks jump, clients are
// paused and killed. What happened is recorded as a [History], and the history is
// checked against the library's invariants.
//
// Run does it all, as the command "distlock chaos" does. A test of your own starts
// nodes with [Embedded] or [Processes], hands their clients to the program under
// test, injects faults, which are values, and checks what was recorded:
//
//	fault.go, faults_*.go   the vocabulary: faults, and what they act on
//	matrix.go             which fault met which operation
//	nemesis.go            plans faults from a seed, and heals them
//	history.go            what is recorded
//	check.go              what must hold of it
//	resource.go           what the lock guards: fenced, and unfenced
//	run.go                a whole run
//	report.go             what a run tells, as JSON and as HTML
//
// Package sim does the same on virtual time, from one seed, thousands of times a
// minute; the protocol itself is searched state by state in internal/model.
//
// The library's go-redis logs each connection that it cannot make, which faults see to:
// a TestMain that calls logging.Disable of go-redis keeps a test's output legible.
//
// Limits: a run that finds nothing proves nothing. What it reached stands in its
// matrix, and a cell not reached is told.
package chaos
