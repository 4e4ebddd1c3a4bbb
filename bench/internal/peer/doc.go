// Package peer has the contestants behind one face: the library, the locks of other
// projects, and floors written by hand that show what each could at best cost.
//
// The face adds no goroutine, and no allocation to a contestant that has a type for
// its lock. All are given the same servers, the same lease, and clients in their
// default settings.
package peer
