package disclose

import "strconv"

// preciseDenominator is the rounded denominator from which a tenth of a
// percentage point means something: below it, rounding to 5 moves more.
const preciseDenominator = 4000

// Share is a proportion made from two protected counts. The zero Share is not
// shown.
type Share struct {
	part, whole int64
	known       bool
}

// ShareOf divides two cells. It is not shown when either is not shown or the
// whole is 0. A part that rounds above its whole counts as the whole.
func ShareOf(part, whole Cell) Share {
	p, partShown := part.Shown()
	w, wholeShown := whole.Shown()
	if !partShown || !wholeShown || w == 0 {
		return Share{}
	}
	return Share{part: min(p, w), whole: w, known: true}
}

// Fraction gives the share from 0 to 1, and false when it is not shown.
func (s Share) Fraction() (float64, bool) {
	if !s.known {
		return 0, false
	}
	return float64(s.part) / float64(s.whole), true
}

// Percent gives the share as text with its sign: to a tenth when the
// denominator is 4,000 or more, else to a whole point, "*" when not shown.
func (s Share) Percent() string {
	fraction, ok := s.Fraction()
	if !ok {
		return "*"
	}
	places := 0
	if s.whole >= preciseDenominator {
		places = 1
	}
	return strconv.FormatFloat(100*fraction, 'f', places, 64) + "%"
}

// RateOf gives events for each thousand people from two protected counts, and
// false when either is not shown or there are no people.
func RateOf(events, people Cell) (float64, bool) {
	e, eventsShown := events.Shown()
	p, peopleShown := people.Shown()
	if !eventsShown || !peopleShown || p == 0 {
		return 0, false
	}
	return 1000 * float64(e) / float64(p), true
}
