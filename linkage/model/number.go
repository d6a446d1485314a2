package model

import (
	"strconv"
	"strings"
)

// decimal is a number that is written as Splink writes it: the shortest text
// that reads back as the same number, with a fraction.
type decimal float64

// MarshalJSON writes the number.
func (d decimal) MarshalJSON() ([]byte, error) { return []byte(decimalText(float64(d))), nil }

func decimalText(value float64) string {
	short := strconv.FormatFloat(value, 'e', -1, 64)
	_, power, _ := strings.Cut(short, "e")
	if exponent, err := strconv.Atoi(power); err != nil || exponent < -4 || exponent >= 16 {
		return short
	}
	return withFraction(strconv.FormatFloat(value, 'f', -1, 64))
}

func withFraction(text string) string {
	if strings.Contains(text, ".") {
		return text
	}
	return text + ".0"
}

// plain writes a threshold: without a fraction when it has none.
func plain(value float64) string { return strconv.FormatFloat(value, 'f', -1, 64) }
