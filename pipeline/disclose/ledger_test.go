package disclose

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// shape is the labels of a table whose first rows are its finest; the others
// are totals of those that agree with them.
type shape struct {
	labels [][]string
	finest int
}

// lineOf is parts under one total.
func lineOf(parts int) shape {
	s := shape{finest: parts}
	for i := range parts {
		s.labels = append(s.labels, []string{fmt.Sprint(i)})
	}
	s.labels = append(s.labels, []string{All})
	return s
}

// square is two dimensions with every total.
func square(rows, columns int) shape {
	s := shape{finest: rows * columns}
	var totals [][]string
	for i := range rows {
		for j := range columns {
			s.labels = append(s.labels, []string{fmt.Sprint(i), fmt.Sprint(j)})
		}
		totals = append(totals, []string{fmt.Sprint(i), All})
	}
	for j := range columns {
		totals = append(totals, []string{All, fmt.Sprint(j)})
	}
	s.labels = append(s.labels, append(totals, []string{All, All})...)
	return s
}

// margins is a square of which the finest rows are not shown.
func margins(rows, columns int) (inner, shown shape) {
	inner = square(rows, columns)
	return inner, shape{labels: inner.labels[inner.finest:]}
}

// fill gives the counts of every row of a table from those of the finest.
func (s shape) fill(finest []int64) []*int64 {
	counts := make([]*int64, len(s.labels))
	for row, labels := range s.labels {
		var total int64
		for part, n := range finest {
			agrees := func(i int) bool { return labels[i] == All || labels[i] == s.labels[part][i] }
			if !slices.ContainsFunc([]int{0, len(labels) - 1}, func(i int) bool { return !agrees(i) }) {
				total += n
			}
		}
		counts[row] = &total
	}
	return counts
}

func protectShape(t interface{ Fatal(...any) }, labels [][]string, counts []*int64) []Cell {
	cells, err := protectColumn(labels, counts)
	if err != nil {
		t.Fatal(err)
	}
	return cells
}

// attacker gives, for each finest count, the counts it could have in a table
// that looks the same: it knows the whole rule, and protects every table near
// enough to look like this one.
func attacker(t interface{ Fatal(...any) }, s shape, finest []int64) []map[int64]bool {
	looks := protectShape(t, s.labels, s.fill(finest))
	left := make([]map[int64]bool, s.finest)
	for i := range left {
		left[i] = map[int64]bool{}
	}
	guess := make([]int64, s.finest)
	var try func(int)
	try = func(at int) {
		if at == len(guess) {
			if slices.Equal(looks, protectShape(t, s.labels, s.fill(guess))) {
				for i, n := range guess {
					left[i][n] = true
				}
			}
			return
		}
		for n := range near(looks[at]) {
			guess[at] = n
			try(at + 1)
		}
	}
	try(0)
	return left
}

// near gives the counts that a cell that is no total can hold.
func near(c Cell) func(func(int64) bool) {
	low, high := int64(1), int64(largestSuppressed)
	if n, ok := c.Shown(); ok && n == 0 {
		low, high = 0, 0
	} else if ok {
		low, high = max(largestSuppressed+1, n-9), n+9
	}
	return func(yield func(int64) bool) {
		for n := low; n <= high && yield(n); n++ {
		}
	}
}

// TestNoTotalUndoesTheRule plays an attacker who knows the rule and the ledger
// against tables of one and two dimensions.
func TestNoTotalUndoesTheRule(t *testing.T) {
	for name, s := range map[string]shape{"two parts": lineOf(2), "three parts": lineOf(3), "four parts": lineOf(4), "two by two": square(2, 2)} {
		t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
			large := 0
			finest := make([]int64, s.finest)
			for i := range finest {
				finest[i] = rapid.OneOf(rapid.Int64Range(0, 8), rapid.SampledFrom([]int64{1, 7})).Draw(t, "small")
				if large == 0 && rapid.Bool().Draw(t, "is large") {
					large, finest[i] = 1, rapid.Int64Range(8, 400).Draw(t, "large")
				}
			}
			for i, left := range attacker(t, s, finest) {
				if finest[i] > 0 && finest[i] <= largestSuppressed && len(left) < leastLeft {
					t.Fatalf("counts %v: %d remain for count %d", finest, len(left), i+1)
				}
			}
		}))
	}
}

// TestTotalsByTheRuleAlone holds cases in which totals by the rule alone leave a
// hidden count one or two values.
func TestTotalsByTheRuleAlone(t *testing.T) {
	tests := []struct {
		parts []int64
		total string
	}{
		{[]int64{7, 7}, "10"},       // as 15 it would be 13 or more
		{[]int64{7, 7, 7, 7}, "25"}, // as 30 it would be 28 or more
		{[]int64{1, 58, 43}, "105"}, // as 100 it would be 102 or less; 60 and 45 are at least 58 and 43
		{[]int64{3, 60, 45}, "110"}, // the usual case: as the rule has it
		{[]int64{60, 45}, "105"},    // nothing is hidden
	}
	for _, test := range tests {
		s := lineOf(len(test.parts))
		cells := protectShape(t, s.labels, s.fill(test.parts))
		if got := cells[len(test.parts)].String(); got != test.total {
			t.Errorf("parts %v: total %s, want %s", test.parts, got, test.total)
		}
		for i, left := range attacker(t, s, test.parts) {
			if cells[i].Suppressed() && len(left) < leastLeft {
				t.Errorf("parts %v: %d counts remain for part %d", test.parts, len(left), i+1)
			}
		}
	}
}

// TestWhatTheLedgerKnowsIsTrue runs larger tables: what the ledger takes a
// reader to know must hold, every hidden count must keep its choice, and no
// count may be published far from itself.
func TestWhatTheLedgerKnowsIsTrue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		inner, outer := margins(rapid.IntRange(1, 9).Draw(t, "rows"), rapid.IntRange(1, 9).Draw(t, "columns"))
		finest := make([]int64, inner.finest)
		for i := range finest {
			finest[i] = rapid.OneOf(rapid.Int64Range(0, 9), rapid.Int64Range(0, 500)).Draw(t, "count")
		}
		all := inner.fill(finest)
		checkLedger(t, inner.labels, all)
		checkLedger(t, outer.labels, all[inner.finest:])
	})
}

func checkLedger(t *rapid.T, labels [][]string, counts []*int64) {
	l := newLedger(len(counts), sumsOf(labels, counts))
	for _, row := range l.order(labels, counts) {
		c, n := l.publish(row, *counts[row]), *counts[row]
		if got, ok := c.Shown(); ok && max(got-n, n-got) > 12 {
			t.Errorf("a count of %d is shown as %d", n, got)
		}
		if !l.free(row, n) && c != Count(n) {
			t.Errorf("a count of %d is shown as %s", n, c)
		}
	}
	for row, k := range l.known {
		if n := *counts[row]; n < k.low || n > k.high {
			t.Errorf("a count of %d is taken to lie between %d and %d", n, k.low, k.high)
		}
		if l.hidden[row] && k.width() < leastLeft {
			t.Errorf("a hidden count of %d is known to lie between %d and %d", *counts[row], k.low, k.high)
		}
	}
}

// TestPartsOfAnExactSum plays the attacker who knows the sum of counts exactly.
func TestPartsOfAnExactSum(t *testing.T) {
	tests := []struct {
		counts []int64
		want   []string
	}{
		{[]int64{1197, 6}, []string{"1200", "*"}}, // 1195 would be 1197 or less, and the other 6 or more
		{[]int64{1197, 3}, []string{"1195", "*"}},
		{[]int64{1197, 0}, []string{"1195", "0"}},
		{[]int64{5, 0}, []string{"*", "0"}},
	}
	for _, test := range tests {
		var got []string
		for _, cell := range Parts(test.counts...) {
			got = append(got, cell.String())
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%v: shown as %v, want %v", test.counts, got, test.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		small, large := rapid.Int64Range(1, 7).Draw(t, "small"), rapid.Int64Range(30, 5000).Draw(t, "large")
		shown := fmt.Sprint(Parts(small, large))
		left := 0
		for n := range near(Cell{}) {
			if fmt.Sprint(Parts(n, small+large-n)) == shown {
				left++
			}
		}
		if left < leastLeft {
			t.Fatalf("%d and %d shown as %s: %d remain", small, large, shown, left)
		}
	})
}
