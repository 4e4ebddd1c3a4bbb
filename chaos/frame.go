package chaos

import (
	"bytes"
	"strconv"
	"strings"
)

// frameLen returns the length of the first value of the Redis protocol in b, 0 where
// b ends before the value does, and -1 where b is no such value.
func frameLen(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	if !bytes.ContainsRune([]byte("+-:_#,($=!*~>%|"), rune(b[0])) {
		return -1
	}
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		return 0
	}
	line := end + 1
	if bytes.ContainsRune([]byte("+-:_#,("), rune(b[0])) {
		return line
	}
	n, err := strconv.Atoi(string(bytes.TrimSpace(b[1:end])))
	switch {
	case err != nil: // streamed values, which no server sends, too
		return -1
	case n < 0: // null
		return line
	}
	switch b[0] {
	case '$', '=', '!':
		if len(b) < line+n+2 {
			return 0
		}
		return line + n + 2
	case '%':
		n *= 2
	case '|': // and the value that the attributes are of
		n = 2*n + 1
	}
	at := line
	for range n {
		size := frameLen(b[at:])
		if size <= 0 {
			return size
		}
		at += size
	}
	return at
}

// requestLen is frameLen of a request, which may be a line of words as well.
func requestLen(b []byte) int {
	if len(b) > 0 && b[0] != '*' {
		return bytes.IndexByte(b, '\n') + 1
	}
	return frameLen(b)
}

// command returns the name of a whole request, in capitals.
func command(request []byte) string {
	if len(request) == 0 || request[0] != '*' {
		if words := strings.Fields(string(request)); len(words) > 0 {
			return strings.ToUpper(words[0])
		}
		return ""
	}
	_, rest, _ := bytes.Cut(request, []byte("\n")) // *count
	_, rest, _ = bytes.Cut(rest, []byte("\n"))     // $length
	name, _, _ := bytes.Cut(rest, []byte("\r\n"))
	return strings.ToUpper(string(name))
}

// isHandshake reports whether a command prepares a connection, and does nothing
// that a lock is made of.
func isHandshake(name string) bool {
	switch name {
	case "HELLO", "CLIENT", "AUTH", "SELECT", "READONLY", "READWRITE", "QUIT":
		return true
	}
	return false
}

// isOneWay reports whether a command makes the server speak unasked, or not answer:
// from there on answers cannot be told apart by counting.
func isOneWay(name string) bool {
	switch name {
	case "SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "MONITOR", "PSYNC", "SYNC":
		return true
	}
	return false
}
