package disclose

import (
	"math"
	"strconv"
)

// Number is a protected value: a rate, a mean, an interval's limit. The zero
// Number is suppressed.
type Number struct {
	state state
	value float64
	step  float64 // what it is rounded to; 0 unless shown
}

// significant is how many figures of a statistic are shown.
const significant = 3

// number protects a value by the counts of its row. It is hidden with any of
// them. A share, a rate or a Wilson limit of two of them is made again from the
// counts as they are shown. Any other value from which a count could be worked
// out, such as a standardised rate, is rounded as coarsely
// as rounding that count to the nearest 5 would change it, up to the next 1, 2
// or 5 times a power of ten: a rate of exactly 52 events must not undo the 50
// that stands beside it. A statistic keeps three figures.
func number(n *float64, statistic bool, counts []*int64, cells []Cell) Number {
	smallest := int64(0)
	for _, c := range cells {
		if c.Suppressed() {
			return Number{}
		}
		if count, ok := c.Shown(); ok && count > 0 && (smallest == 0 || count < smallest) {
			smallest = count
		}
	}
	switch {
	case n == nil || math.IsNaN(*n) || math.IsInf(*n, 0):
		return Number{state: notAssessable}
	case *n == 0:
		return Number{state: shown, step: 1}
	case statistic || smallest == 0:
		return rounded(*n, math.Pow(10, math.Floor(math.Log10(math.Abs(*n)))-significant+1))
	}
	if m := recognise(*n, counts); m != nil {
		return m.number(cells)
	}
	return rounded(*n, round125(math.Abs(*n)*roundTo/float64(smallest)))
}

func rounded(n, step float64) Number {
	return Number{state: shown, value: math.Round(n/step) * step, step: step}
}

// round125 gives the smallest of 1, 2 and 5 times a power of ten that is not
// less.
func round125(step float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(step)))
	for _, times := range []float64{1, 2, 5} {
		if times*power >= step*(1-1e-12) {
			return times * power
		}
	}
	return 10 * power
}

// Shown gives the rounded value, and false when there is none to show.
func (n Number) Shown() (float64, bool) { return n.value, n.state == shown }

// Suppressed reports whether the value is hidden because of a small count.
func (n Number) Suppressed() bool { return n.state == suppressed }

// String gives the value as a table or a file shows it: digits, "*" or "not
// assessable".
func (n Number) String() string {
	switch n.state {
	case shown:
		return strconv.FormatFloat(n.value, 'f', max(0, -int(math.Floor(math.Log10(n.step)+1e-9))), 64)
	case notAssessable:
		return "not assessable"
	}
	return "*"
}
