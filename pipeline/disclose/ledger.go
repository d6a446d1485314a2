package disclose

import (
	"cmp"
	"slices"
)

// leastLeft is how many counts a suppressed cell must still be able to stand
// for when all of its column is known.
const leastLeft = 3

// infinite is the end of what is known of a count that has not been published.
// A table refuses counts from here up.
const infinite = 1 << 40

// reach is how many places away from the rule's a ledger looks for another.
const reach = 1000

// ledger publishes the counts of a column one after another. It keeps what a
// reader who knows the rule can work out of every count from what has been
// published so far, and publishes the next at the place nearest to the rule's
// at which every suppressed count can still be one of leastLeft.
//
// Where a count goes depends on that knowledge and on the count, on no other
// count that is hidden, so knowing how the ledger works tells a reader no more
// than the ledger reckons with: simulatable auditing, as Kenthapadi, Mishra and
// Nissim have it (PODS 2005). What a place then means is exactly the counts that
// would have been published there.
//
// The knowledge is the smallest and the largest value of each count that agree
// with every sum, taken one sum at a time. A reader who solves all sums together
// may do a little better in tables of several dimensions.
type ledger struct {
	known   []span // what can be worked out of each row's count
	whole   []bool // the row is the total of a sum
	hidden  []bool // the row was published as "*"
	sums    []sum
	parts   []span  // the parts' known counts of each sum, added up
	widest  []int64 // no part of the sum is known less well: width
	of      [][]int // the sums each row has a part in
	changed []change
}

// change is what was known of a row before it was narrowed.
type change struct {
	row int
	was span
}

func newLedger(rows int, sums []sum) *ledger {
	l := &ledger{known: make([]span, rows), whole: make([]bool, rows), hidden: make([]bool, rows), of: make([][]int, rows),
		sums: sums, parts: make([]span, len(sums)), widest: make([]int64, len(sums))}
	for row := range l.known {
		l.known[row].high = infinite
	}
	for at, s := range sums {
		l.whole[s.whole] = true
		l.parts[at].high = infinite * int64(len(s.parts))
		l.widest[at] = infinite + 1
		for _, row := range s.rows() {
			l.of[row] = append(l.of[row], at)
		}
	}
	return l
}

// order gives the rows in the order they are published: first those about which
// there is no choice, then the others, totals of totals last. A reader can tell
// the order from what is shown.
func (l *ledger) order(labels [][]string, counts []*int64) []int {
	rows, turn := make([]int, len(counts)), make([]int, len(counts))
	for row := range rows {
		rows[row] = row
		if counts[row] == nil || !l.free(row, *counts[row]) {
			continue
		}
		turn[row] = 1
		for _, label := range labels[row] {
			if label == All {
				turn[row]++
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b int) int { return cmp.Compare(turn[a], turn[b]) })
	return rows
}

// free reports whether a count may be published elsewhere than the rule has it.
// One that is no total stays 0, or "*".
func (l *ledger) free(row int, n int64) bool { return l.whole[row] || n > largestSuppressed }

// lowest is the first place at which a free count may be published.
func (l *ledger) lowest(row int) place {
	if l.whole[row] {
		return 0
	}
	return 2
}

// publish gives the cell that shows a count.
func (l *ledger) publish(row int, n int64) Cell {
	at, means := placeOf(n), placeOf(n).covers()
	if l.free(row, n) {
		var found bool
		if at, found = l.nearest(row, at); !found {
			return placeOf(l.middle(row)).cell() // what is known already: it tells nothing
		}
		means = l.meaning(row, at)
	}
	l.hidden[row] = at == 1
	l.narrow(row, means)
	l.keep()
	return at.cell()
}

// keep makes what was taken in last a part of what is known for good.
func (l *ledger) keep() {
	for _, c := range l.changed {
		for _, at := range l.of[c.row] {
			if c.row != l.sums[at].whole && c.was.width() == l.widest[at] {
				l.widest[at] = l.widestPart(l.sums[at])
			}
		}
	}
	l.changed = l.changed[:0]
}

func (l *ledger) widestPart(s sum) int64 {
	var widest int64
	for _, part := range s.parts {
		widest = max(widest, l.known[part].width())
	}
	return widest
}

// nearest finds the place nearest to the rule's that is acceptable, of two the
// lower.
func (l *ledger) nearest(row int, rule place) (place, bool) {
	for away := range place(reach) {
		if rule-away >= l.lowest(row) && l.acceptable(row, rule-away) {
			return rule - away, true
		}
		if l.acceptable(row, rule+away) {
			return rule + away, true
		}
	}
	return 0, false
}

// meaning gives the counts that would have been published at a place: its own,
// and those of places next to it that are not acceptable and have none nearer.
func (l *ledger) meaning(row int, at place) span {
	low, high := l.lowest(row), place(infinite/roundTo)
	for p := at - 1; p >= low && p.covers().high >= l.known[row].low && at-p < reach; p-- {
		if l.acceptable(row, p) {
			low = (at+p)/2 + 1
		}
	}
	for p := at + 1; p <= high && p.covers().low <= l.known[row].high && p-at < reach; p++ {
		if l.acceptable(row, p) {
			high = (at + p) / 2
		}
	}
	return span{low.covers().low, high.covers().high}
}

// middle gives the middle of what is known of a count.
func (l *ledger) middle(row int) int64 {
	if k := l.known[row]; k.high < infinite {
		return (k.low + k.high) / 2
	}
	return l.known[row].low
}

// acceptable reports whether every count published as "*", this one too, could
// still be one of leastLeft if this row were published at a place.
func (l *ledger) acceptable(row int, at place) bool {
	ok := l.narrow(row, at.covers()) && (at != 1 || l.known[row].width() >= leastLeft)
	for _, c := range l.changed {
		ok = ok && (!l.hidden[c.row] || l.known[c.row].width() >= leastLeft)
	}
	for _, c := range slices.Backward(l.changed) {
		l.set(c.row, c.was)
	}
	l.changed = l.changed[:0]
	return ok
}

// narrow takes in that a count lies in a span, and all that follows. It is
// false when that cannot be.
func (l *ledger) narrow(row int, to span) bool {
	if !l.cut(row, to) {
		return false
	}
	for queue := []int{row}; len(queue) > 0; queue = queue[1:] {
		for _, at := range l.of[queue[0]] {
			before := len(l.changed)
			if !l.balance(at) {
				return false
			}
			for _, c := range l.changed[before:] {
				queue = append(queue, c.row)
			}
		}
	}
	return true
}

// balance takes in that the parts of a sum add up to the whole.
func (l *ledger) balance(at int) bool {
	s := l.sums[at]
	if !l.cut(s.whole, l.parts[at]) {
		return false
	}
	parts, whole := l.parts[at], l.known[s.whole]
	if whole.high == infinite {
		whole.high += parts.low // no limit to any part
	}
	if l.widest[at]-1 <= min(parts.high-whole.low, whole.high-parts.low) {
		return true // whatever the others are, no part is tied
	}
	for _, part := range s.parts {
		k := l.known[part]
		if !l.cut(part, span{whole.low - (parts.high - k.high), whole.high - (parts.low - k.low)}) {
			return false
		}
	}
	return true
}

// cut leaves of what is known of a count only what lies in a span.
func (l *ledger) cut(row int, to span) bool {
	was := l.known[row]
	now := span{max(was.low, to.low), min(was.high, to.high)}
	if now != was {
		l.changed = append(l.changed, change{row, was})
		l.set(row, now)
	}
	return now.low <= now.high
}

// set puts down what is known of a count, in the sums it is a part of too.
func (l *ledger) set(row int, now span) {
	was := l.known[row]
	l.known[row] = now
	for _, at := range l.of[row] {
		if l.sums[at].whole != row {
			l.parts[at].low += now.low - was.low
			l.parts[at].high += now.high - was.high
		}
	}
}
