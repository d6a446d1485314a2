package feed

import (
	"cmp"
	"slices"

	"tre/pseudonymise"
)

// loneColumn is a column of a register in which no value may stand twice, and
// how its values are told apart: by keyed hashes, so that no value is held.
type loneColumn struct {
	column int
	number bool // NHS numbers: compared by their digits, however they are written
	source *keySource
}

// loneKeys are the hashes of one such column's values in a block.
type loneKeys struct {
	column int
	rowKeys
}

func (s *splitter) compileLone(table *Table) {
	for i := range s.columns {
		c := &s.columns[i]
		if c.at < 0 || !slices.Contains(table.Rules.RejectRepeated, c.name) {
			continue
		}
		source := newKeySource(s.job, s.feed, c, table.Properties[i].Rules)
		s.lone = append(s.lone, loneColumn{i, c.judge == judgeNumber, source})
	}
}

// hashLone hashes the values that may not repeat. Rows that take an earlier row
// back repeat its values rightly.
func (s *splitter) hashLone(b *block) {
	b.lone = sizeTo(b.lone, len(s.lone))
	for i := range s.lone {
		c, keys := &s.lone[i], &b.lone[i]
		keys.column = c.column
		keys.size(len(b.number))
		for r := range b.number {
			if b.states[c.column][r]&filled == 0 || b.deleted[r] {
				continue
			}
			text, provider := b.text(b.cells[r*s.fields+c.source.at]), s.providerOf(b, r)
			if c.number {
				provider = ""
				if digits, verdict := pseudonymise.CheckNHSNumber(text); verdict != pseudonymise.Invalid {
					text = digits[:]
				}
			}
			keys.set(r, c.source.sum(text, provider))
		}
	}
}

// lone remembers, while one table of a delivery is written, the values seen in
// each column in which none may repeat: 16 bytes a value, and a register has
// one row a person.
type lone map[int]map[[16]byte]bool

// repeated adds to a block the cells that repeat a value of an earlier row. It
// runs where blocks are in order, so that the later row is always the one named.
func (l lone) repeated(b *block, t *tally) {
	found := len(b.broken)
	for i := range b.lone {
		keys := &b.lone[i]
		seen := l[keys.column]
		if seen == nil {
			seen = map[[16]byte]bool{}
			l[keys.column] = seen
		}
		for r, row := range b.number {
			if !keys.known[r] {
				continue
			}
			if seen[keys.keys[r]] {
				t.broke(keys.column, ruleRepeated, rejectFile, b.base+row)
				b.broken = append(b.broken, brokenCell{row, keys.column, ruleRepeated, rejectFile})
			}
			seen[keys.keys[r]] = true
		}
	}
	if len(b.broken) > found {
		b.sortBroken()
	}
}

// sortBroken puts broken cells in the order of the file.
func (b *block) sortBroken() {
	slices.SortStableFunc(b.broken, func(x, y brokenCell) int {
		return cmp.Or(cmp.Compare(x.row, y.row), cmp.Compare(x.column, y.column))
	})
}
