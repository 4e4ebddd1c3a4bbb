// Package figure draws what was measured, as SVG: bars with their spread,
// distributions of latency, who held a lock when, and curves. A contestant has the
// same colour in all of them: the library is blue, floors are grey, and each peer has
// a hue of its own.
package figure
