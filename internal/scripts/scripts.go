// Package scripts has what is said to Redis: the Lua scripts, one a file, and the
// names of the keys they touch. Each script decides and acts in one atomic step,
// may be run twice with the effect of once, and writes no key without an expiry.
//
// It is the package to read for what stands on the wire. The scripts need Redis 5
// or later (they read the clock before they write).
package scripts

import (
	"crypto/sha1"
	_ "embed"
	"encoding/hex"
)

// A Script is a Lua script and the name Redis caches it under.
type Script struct {
	Name   string // the file's, without .lua
	Source string
	SHA    string // hex
	SHAArg any    // SHA, as an argument of a command: boxed once
}

//go:embed acquire.lua
var acquire string

//go:embed accept.lua
var accept string

//go:embed extend.lua
var extend string

//go:embed release.lua
var release string

//go:embed check.lua
var check string

//go:embed handover.lua
var handover string

//go:embed queue.lua
var queue string

//go:embed tell.lua
var tell string

// The scripts; see the head of each file for its keys, arguments and answer. Some have
// parts: what a release is, and what an acquisition, stands once.
var (
	Acquire  = newScript("acquire", acquire)
	Accept   = newScript("accept", accept)
	Extend   = newScript("extend", extend)
	Release  = newScript("release", part("tell", tell)+release)
	HandOver = newScript("handover", part("release", release)+part("acquire", acquire)+handover)
	Queue    = newScript("queue", part("tell", tell)+queue)
	Check    = newScript("check", check)
)

// part turns a script into a function with keys and arguments of its own.
func part(name, source string) string {
	return "local function " + name + "(KEYS, ARGV)\n" + source + "end\n"
}

func newScript(name, source string) *Script {
	sum := sha1.Sum([]byte(source))
	sha := hex.EncodeToString(sum[:])
	return &Script{Name: name, Source: source, SHA: sha, SHAArg: sha}
}
