//go:build race

package model_test

// raced: under the race detector, which makes the model ten times slower and has
// nothing to find where there is one goroutine, a sample has to do.
const raced = true
