package linkreport

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"

	"tre/internal/term"
)

// signed writes a match weight with its sign and two decimals.
func signed(w float64) string {
	text := strconv.FormatFloat(math.Abs(w), 'f', 2, 64)
	switch {
	case text == "0.00":
		return text
	case w < 0:
		return "−" + text
	}
	return "+" + text
}

// whole writes a match weight for an axis.
func whole(w float64) string {
	text := strconv.FormatFloat(math.Abs(w), 'f', -1, 64)
	switch {
	case w < 0:
		return "−" + text
	case w > 0:
		return "+" + text
	}
	return "0"
}

// chance writes a probability so that near certainty is not rounded to it.
func chance(p float64) string {
	switch {
	case p > 0.999999 && p < 1:
		return "more than 0.999999"
	case p < 0.000001 && p > 0:
		return "less than 0.000001"
	}
	text := strings.TrimRight(strconv.FormatFloat(p, 'f', 6, 64), "0")
	return strings.TrimSuffix(text, ".")
}

// small writes an m or u probability with three significant digits.
func small(p float64) string {
	if p <= 0 {
		return "none"
	}
	if p < 0.0001 {
		return strconv.FormatFloat(p, 'e', 2, 64)
	}
	return strconv.FormatFloat(p, 'g', 3, 64)
}

// oneIn writes a small probability as odds a person can picture.
func oneIn(p float64) string {
	if p <= 0 || p >= 1 {
		return "not known"
	}
	return "1 in " + term.Number(int64(math.Round(1/p)))
}

// share writes a fraction as a percentage with two decimals, never rounding a
// fault away: 100.00% is all and 0.00% is none.
func share(x float64) string {
	text := strconv.FormatFloat(100*x, 'f', 2, 64)
	switch {
	case text == "100.00" && x < 1:
		return "99.99%"
	case text == "0.00" && x > 0:
		return "under 0.01%"
	}
	return text + "%"
}

// rate writes a rate with its interval, or that it is not known.
func rate(r Rate) string {
	if r.Of == 0 {
		return "not known"
	}
	return fmt.Sprintf("%s (%s to %s)", share(r.Value), share(r.Low), share(r.High))
}

// log2odds turns a probability into a match weight.
func log2odds(p float64) float64 { return math.Log2(p / (1 - p)) }

// spaced writes a column's name as words.
func spaced(name string) string { return strings.ReplaceAll(name, "_", " ") }

// clean removes what a terminal or an XML reader could take for an order.
func clean(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || !unicode.IsGraphic(r) {
			return -1
		}
		return r
	}, text)
}

// sizes writes the range of a cluster size or of a count.
func sizes(from, to int64) string {
	switch to {
	case from:
		return term.Number(from)
	case 0:
		return term.Number(from) + " and more"
	}
	return term.Number(from) + " to " + term.Number(to)
}

// fitted shortens a label to what fits in a width of figure text.
func fitted(label string, width float64) string {
	return shortened(label, max(4, int(width/labelWidth)), "…")
}

// shortened leaves out the middle of a label that is longer than most
// characters: levels of a comparison differ at their ends.
func shortened(label string, most int, mark string) string {
	runes := []rune(label)
	spare := len(runes) - most
	if spare <= 0 {
		return label
	}
	before := (most - 1) / 2
	return string(runes[:before]) + mark + string(runes[before+spare+1:])
}

// labelWidth is the mean width of a character of a long label: over many
// characters the wide and the narrow even out, so less than draw.CharWidth.
const labelWidth = 6.2
