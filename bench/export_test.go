package main

// For the tests, which stand outside.
var (
	Execute     = execute
	NewProgress = newProgress
)

// The methods of a progress.
var (
	Show = (*progress).show
	Done = (*progress).done
)
