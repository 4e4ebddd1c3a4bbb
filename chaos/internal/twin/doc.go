// Package twin is a Redis node in plain Go, for runs of millions of seeds in
// virtual time: it does with distlock's scripts what a Redis server does, and
// little else. A differential test holds it against the Lua itself, on miniredis
// and on redis-server 7.
//
// It has no goroutine, no lock and no clock. The caller hands each call the time by
// the node's own clock, and lets one call at a time in; so a node's answers are a
// function of the calls made, and a seed replays exactly. A call takes well under a
// microsecond.
//
// Use miniredis or redistest where what matters is the client, the connection or
// Lua. [Client] puts a twin behind a go-redis client without a socket.
//
// # Clocks
//
// The time of a call is the node's reading of its wall clock. An offset, a rate and
// a jump are the caller's: hand in what such a clock would show. As in Redis,
// deadlines are absolute, so that a jump forward expires keys, and a jump backward
// lengthens leases, makes uptime small or negative, and brings back a key that was
// past its deadline but that nothing had looked at.
//
// # Where it follows Redis 7.0 and miniredis 2.40 does not
//
//   - A key lives through the millisecond of its deadline (gone once now > deadline),
//     where its PTTL is 0; miniredis has it gone at the deadline.
//   - A deadline is a whole millisecond of the wall clock. miniredis counts TTLs down
//     in nanoseconds: a PTTL may be one less, and a clock that jumps back leaves
//     TTLs as they are.
//   - An error raised within a script names the script and the line of the call.
//   - Lua's tonumber takes what C's strtod does; miniredis's Lua reads no "1e3", no
//     number of 2^63 or more, no "inf", "nan" or hexadecimal fraction.
//   - A script sent by EVAL is known by its hash from then on, also where it failed.
//   - INFO has a server section, with run_id and uptime_in_seconds.
package twin
