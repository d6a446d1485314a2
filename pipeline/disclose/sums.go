package disclose

import (
	"fmt"
	"slices"
	"strings"
)

// protectColumn protects the counts of one column of a table: by the rule where
// nothing is hidden, and through a ledger where sums join a count to one that
// shows as "*".
func protectColumn(labels [][]string, counts []*int64) ([]Cell, error) {
	cells := make([]Cell, len(counts))
	for i, n := range counts {
		switch {
		case n == nil:
			cells[i] = NotAssessable()
		case *n < 0:
			return nil, fmt.Errorf("row %d holds a negative count", i+1)
		case *n >= infinite:
			return nil, fmt.Errorf("row %d holds a count beyond any population", i+1)
		default:
			cells[i] = Count(*n)
		}
	}
	sums := sumsOf(labels, counts)
	exposed := exposedBy(sums, cells)
	l := newLedger(len(counts), sums)
	for _, row := range l.order(labels, counts) {
		if exposed[row] && counts[row] != nil {
			cells[row] = l.publish(row, *counts[row])
		}
	}
	return cells, nil
}

// Parts protects counts whose sum stands beside them exactly, such as what became
// of the rows of a file. Where the sum itself leaves no choice, because nothing
// but small counts makes it up, a reader still has none. A negative count
// counts as none.
func Parts(parts ...int64) []Cell {
	whole := sum{whole: len(parts)}
	counts, exact := make([]*int64, len(parts)), int64(0)
	for i, n := range parts {
		n = max(0, n)
		whole.parts, counts[i], exact = append(whole.parts, i), &n, exact+n
	}
	l := newLedger(len(parts)+1, []sum{whole})
	l.narrow(whole.whole, span{exact, exact})
	l.keep()
	cells := make([]Cell, len(parts))
	for _, row := range l.order(make([][]string, len(parts)), counts) {
		cells[row] = l.publish(row, *counts[row])
	}
	return cells
}

// sum is a total and its parts, by row, where the parts do add up to it.
type sum struct {
	whole int
	parts []int
}

// sumsOf finds the sums of a column: rows that differ in one label, of which
// one is All. Rows that do not add up, such as people with each of several
// conditions, are no sum, and nothing follows from their total.
func sumsOf(labels [][]string, counts []*int64) []sum {
	var sums []sum
	if len(labels) == 0 {
		return nil
	}
	for dimension := range labels[0] {
		parts := map[string][]int{}
		for row, l := range labels {
			if l[dimension] != All {
				parts[others(l, dimension)] = append(parts[others(l, dimension)], row)
			}
		}
		for row, l := range labels {
			of := parts[others(l, dimension)]
			if l[dimension] == All && addsUp(counts, row, of) {
				sums = append(sums, sum{row, of})
			}
		}
	}
	return sums
}

// others gives the labels of a row in every other dimension, as one string.
func others(labels []string, dimension int) string {
	return strings.Join(labels[:dimension], "\x00") + "\x01" + strings.Join(labels[dimension+1:], "\x00")
}

func addsUp(counts []*int64, whole int, parts []int) bool {
	if counts[whole] == nil || len(parts) == 0 {
		return false
	}
	left := *counts[whole]
	for _, part := range parts {
		if counts[part] == nil {
			return false
		}
		left -= *counts[part]
	}
	return left == 0
}

// rows gives the total and its parts.
func (s sum) rows() []int { return append([]int{s.whole}, s.parts...) }

// exposedBy tells the rows that sums, one after another, join to a count that
// shows as "*".
func exposedBy(sums []sum, cells []Cell) []bool {
	exposed := make([]bool, len(cells))
	for row, c := range cells {
		exposed[row] = c.Suppressed()
	}
	for grown := true; grown; {
		grown = false
		for _, s := range sums {
			rows := s.rows()
			if !slices.ContainsFunc(rows, func(row int) bool { return exposed[row] }) {
				continue
			}
			for _, row := range rows {
				grown = grown || !exposed[row]
				exposed[row] = true
			}
		}
	}
	return exposed
}
