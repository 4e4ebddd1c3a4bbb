package chaos

import (
	"fmt"
	"strings"
	"time"
	"unicode"
)

// brief rounds a duration to about three digits.
func brief(d time.Duration) time.Duration {
	for _, unit := range []time.Duration{time.Hour, time.Minute, time.Second, time.Millisecond, time.Microsecond} {
		switch {
		case d >= 100*unit:
			return d.Round(unit)
		case d >= 10*unit:
			return d.Round(unit / 10)
		case d >= unit:
			return d.Round(unit / 100)
		}
	}
	return d
}

// moment rounds a time of the history to what tells events apart.
func moment(d time.Duration) time.Duration {
	if d < time.Second {
		return d.Round(time.Microsecond)
	}
	return d.Round(time.Millisecond)
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func shortened(s string, runes int) string {
	if r := []rune(s); len(r) > runes {
		return string(r[:runes-1]) + "…"
	}
	return s
}

// printable returns s on one line, with nothing in it that a terminal would obey.
func printable(s string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == '\n' || c == '\r' || c == '\t':
			return ' '
		case unicode.IsControl(c), unicode.Is(unicode.Cf, c): // escapes, and what turns the direction
			return unicode.ReplacementChar
		}
		return c
	}, s)
}
