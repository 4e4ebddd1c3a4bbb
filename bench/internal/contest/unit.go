package contest

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// A Unit tells how a value is written.
type Unit uint8

// Units.
const (
	Seconds Unit = iota
	PerSecond
	Bytes
	Count
)

// unknown is how a value is written that could not be measured.
const unknown = "–"

// Format writes a value with three significant digits and its unit.
func (u Unit) Format(v float64) string {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return unknown
	case u == Seconds:
		return formatSeconds(v)
	case u == PerSecond:
		return digits(v) + "/s"
	case u == Bytes && math.Abs(v) >= 1<<20:
		return digits(v/(1<<20)) + " MiB"
	case u == Bytes && math.Abs(v) >= 1<<10:
		return digits(v/(1<<10)) + " KiB"
	case u == Bytes:
		return digits(math.Round(v)) + " B"
	default:
		return digits(v)
	}
}

// FormatRatio writes a ratio: two places after the point, as far as they mean
// something.
func FormatRatio(v float64) string {
	switch size := math.Abs(v); {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return unknown
	case size >= 0.095 && size < 9.995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	default:
		return digits(v)
	}
}

func formatSeconds(v float64) string {
	if v == 0 {
		return "0"
	}
	// What rounds up to a thousand is written in the next unit.
	for _, unit := range []struct {
		size time.Duration
		name string
	}{{time.Nanosecond, "ns"}, {time.Microsecond, "µs"}, {time.Millisecond, "ms"}} {
		if n := v / unit.size.Seconds(); math.Abs(n) < 999.5 {
			return digits(n) + " " + unit.name
		}
	}
	return digits(v) + " s"
}

// digits writes three significant digits, and all of those before the point with
// commas between thousands: 0.0123, 1.05, 12.4, 123, 50,312.
func digits(v float64) string {
	size := math.Abs(v)
	places := 2
	switch {
	case size == 0:
		return "0"
	case size < 0.9995:
		places = 2 - int(math.Floor(math.Log10(size)))
	case size >= 99.95:
		places = 0
	case size >= 9.995:
		places = 1
	}
	text := strconv.FormatFloat(v, 'f', min(places, 9), 64)
	if strings.Contains(text, ".") && size < 0.9995 || v == math.Trunc(v) {
		text = trimZeros(text)
	}
	return thousands(text)
}

func trimZeros(text string) string {
	if !strings.Contains(text, ".") {
		return text
	}
	return strings.TrimRight(strings.TrimRight(text, "0"), ".")
}

func thousands(text string) string {
	whole, part, pointed := strings.Cut(text, ".")
	sign := ""
	if strings.HasPrefix(whole, "-") {
		sign, whole = "-", whole[1:]
	}
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if pointed {
		whole += "." + part
	}
	return sign + whole
}
