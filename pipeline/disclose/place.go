package disclose

// A place is what a count can be shown as, in order: place 0 is "0", place 1 is
// "*", and from 2 on place p is the number 5p.
type place int64

// span is the counts from low to high, both included.
type span struct{ low, high int64 }

// width is how many counts a span has.
func (s span) width() int64 { return s.high - s.low + 1 }

// placeOf gives the place at which the rule shows a count.
func placeOf(n int64) place {
	c := Count(n)
	if c.Suppressed() {
		return 1
	}
	return place(c.count / roundTo)
}

// covers gives the counts the rule shows at a place.
func (p place) covers() span {
	switch p {
	case 0:
		return span{0, 0}
	case 1:
		return span{1, largestSuppressed}
	}
	return span{max(largestSuppressed+1, int64(p)*roundTo-roundTo/2), int64(p)*roundTo + roundTo/2}
}

// cell gives the cell shown at a place.
func (p place) cell() Cell {
	if p == 1 {
		return Cell{}
	}
	return Cell{state: shown, count: int64(p) * roundTo}
}
