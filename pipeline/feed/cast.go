package feed

import (
	"math"
	"strconv"
	"unsafe"
)

// trim drops blanks (space, tab, no-break space) around a value.
func trim(data []byte, c cell) cell {
	for c.start < c.end {
		b := data[c.start]
		if b == ' ' || b == '\t' || b == '\r' || b == '\n' {
			c.start++
		} else if b == 0xc2 && c.end-c.start > 1 && data[c.start+1] == 0xa0 {
			c.start += 2
		} else {
			break
		}
	}
	for c.start < c.end {
		b := data[c.end-1]
		if b == ' ' || b == '\t' || b == '\r' || b == '\n' {
			c.end--
		} else if b == 0xa0 && c.end-c.start > 1 && data[c.end-2] == 0xc2 {
			c.end -= 2
		} else {
			break
		}
	}
	return c
}

// parseInteger reads an optional sign and up to 18 digits; nothing else, so
// that a number a spreadsheet has rewritten is never half read.
func parseInteger(text []byte) (n int64, ok bool) {
	digits := text
	if len(digits) > 1 && (digits[0] == '-' || digits[0] == '+') {
		digits = digits[1:]
	}
	if len(digits) == 0 || len(digits) > 18 {
		return 0, false
	}
	for _, b := range digits {
		if b < '0' || b > '9' {
			return 0, false
		}
		n = n*10 + int64(b-'0')
	}
	if text[0] == '-' {
		n = -n
	}
	return n, true
}

// parseNumber reads a decimal number, with an exponent or not. Infinities,
// hexadecimal and separators of thousands are refused.
func parseNumber(text []byte) (float64, bool) {
	if f, ok := parsePlainDecimal(text); ok {
		return f, true
	}
	for _, b := range text {
		if (b < '0' || b > '9') && b != '.' && b != '-' && b != '+' && b != 'e' && b != 'E' {
			return 0, false
		}
	}
	if len(text) == 0 {
		return 0, false
	}
	f, err := strconv.ParseFloat(unsafe.String(&text[0], len(text)), 64) // the error, which quotes the text, is dropped
	return f, err == nil && !math.IsInf(f, 0)
}

// parsePlainDecimal reads up to 15 digits with a point anywhere, which a
// float64 division rounds exactly as the slow path would.
func parsePlainDecimal(text []byte) (float64, bool) {
	negative := len(text) > 1 && text[0] == '-'
	if negative {
		text = text[1:]
	}
	var n, scale int64 = 0, 0
	digits := 0
	for i, b := range text {
		if b == '.' && scale == 0 && i > 0 && i < len(text)-1 {
			scale = 1
			continue
		}
		if b < '0' || b > '9' {
			return 0, false
		}
		n = n*10 + int64(b-'0')
		scale *= 10
		digits++
	}
	if digits == 0 || digits > 15 {
		return 0, false
	}
	f := float64(n)
	if scale > 1 {
		f /= float64(scale)
	}
	if negative {
		f = -f
	}
	return f, true
}

// parseBoolean reads true, false, yes, no, y, n, 1 and 0 in any case.
func parseBoolean(text []byte) (value, ok bool) {
	var lower [5]byte
	if len(text) > len(lower) {
		return false, false
	}
	for i, b := range text {
		if b >= 'A' && b <= 'Z' {
			b += 'a' - 'A'
		}
		lower[i] = b
	}
	switch string(lower[:len(text)]) {
	case "true", "yes", "y", "1":
		return true, true
	case "false", "no", "n", "0":
		return false, true
	}
	return false, false
}

// looksLikeDamagedKey reports a long number that a spreadsheet rewrote with an
// exponent, such as 1.2E+09: its digits are lost, and many keys became one.
func looksLikeDamagedKey(text []byte) bool {
	i := 0
	for i < len(text) && (text[i] >= '0' && text[i] <= '9' || text[i] == '.') {
		i++
	}
	if i == 0 || i+2 >= len(text) || (text[i] != 'E' && text[i] != 'e') || (text[i+1] != '+' && text[i+1] != '-') {
		return false
	}
	for _, b := range text[i+2:] {
		if b < '0' || b > '9' {
			return false
		}
	}
	return true
}
