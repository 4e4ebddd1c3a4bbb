// Package contest measures contestants beside each other: on the same servers, in
// one run, in rounds in which each has one turn in random order. What a machine does
// meanwhile so meets all of them alike, and the ratios of a round stand where the
// times drift.
//
// A [Workload] is a value: who takes part, on what, what goes wrong meanwhile, and
// how one turn is measured. [Catalogue] lists those of the report; a new one is a
// new value there.
package contest
