package twin

import (
	"math"
	"strconv"
	"strings"
)

// text returns an argument of a command as it stands on the wire.
func text(arg any) (string, bool) {
	switch a := arg.(type) {
	case string:
		return a, true
	case []byte:
		return string(a), true
	case int:
		return strconv.Itoa(a), true
	case int64:
		return strconv.FormatInt(a, 10), true
	}
	return "", false
}

// integer parses an argument as Redis does (string2ll): digits as they are printed.
func integer(s string) (int64, bool) {
	digits := strings.TrimPrefix(s, "-")
	if digits == "" || digits[0] < '0' || digits[0] > '9' || digits[0] == '0' && s != "0" {
		return 0, false
	}
	i, err := strconv.ParseInt(s, 10, 64)
	return i, err == nil
}

// luaNumber is Lua's tonumber on the server: C's strtod, between blanks, up to a NUL.
func luaNumber(s string) (float64, bool) {
	if len(s) <= 18 && allDigits(s) { // an int64, and rounded as strtod rounds
		i, err := strconv.ParseInt(s, 10, 64)
		return float64(i), err == nil
	}
	s, _, _ = strings.Cut(s, "\x00")
	s = strings.Trim(s, " \t\n\v\f\r")
	if strings.Contains(s, "_") { // Go's own
		return 0, false
	}
	unsigned := strings.ToLower(strings.TrimLeft(s, "+-"))
	if len(s)-len(unsigned) > 1 {
		return 0, false
	}
	if unsigned == "nan" || strings.HasPrefix(unsigned, "nan(") && strings.IndexByte(unsigned, ')') == len(unsigned)-1 {
		return math.NaN(), true
	}
	if strings.HasPrefix(unsigned, "0x") && !strings.Contains(unsigned, "p") {
		s += "p0" // which Go asks for, and C does not
	}
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil || math.IsInf(f, 0)
}

// allDigits is the pattern ^%d+$.
func allDigits(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}

// printed is string.format('%.0f', f).
func printed(f float64) string {
	if math.Abs(f) < 1<<62 && f == math.Trunc(f) {
		return strconv.FormatInt(int64(f), 10)
	}
	return strconv.FormatFloat(f, 'f', 0, 64)
}

// milliseconds is a number of Lua as an argument in ms: Redis prints it to 17
// digits, and then wants an integer.
func milliseconds(f float64) (int64, bool) {
	if f != math.Trunc(f) || math.Abs(f) >= 1e17 {
		return 0, false
	}
	return int64(f), true
}
