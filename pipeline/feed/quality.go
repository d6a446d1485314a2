package feed

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// plainMonths is how many months before a delivery was produced are counted
// one by one; what is older is counted by year, because histories reach back a
// century.
const plainMonths = 36

const (
	firstYear  = 1895 // no earlier date is plausible in records of the living: HES's own limit
	lastYear   = 2200
	monthSlots = (lastYear-firstYear)*12 + 1
)

// monthSlot numbers the months from January 1895 from 1; 0 is no month.
func monthSlot(days int64) int32 {
	year, month, _ := civilFromDays(days)
	if year < firstYear || year >= lastYear {
		return 0
	}
	return int32((year-firstYear)*12 + month)
}

func monthName(slot, produced int32) string {
	if slot == 0 {
		return ""
	}
	year, month := (slot-1)/12+firstYear, (slot-1)%12+1
	if produced != 0 && slot < produced-plainMonths {
		return fmt.Sprintf("%04d", year)
	}
	return fmt.Sprintf("%04d-%02d", year, month)
}

// tally counts what one worker saw of one table. Tallies are added up at the
// end; the sums do not depend on who counted what.
type tally struct {
	columns int
	months  [][]int64 // by month slot: columns × classes, nil until seen
	rules   map[ruleKey]ruleSeen
	counts  TableCount
}

type ruleKey struct {
	column   int // -1 for a rule about the row
	rule     string
	severity severity
}

type ruleSeen struct{ count, first int64 }

func newTally(columns int) *tally {
	return &tally{columns: columns, months: make([][]int64, monthSlots), rules: map[ruleKey]ruleSeen{}}
}

// month gives the counters of a month.
func (t *tally) month(slot int32) []int64 {
	if t.months[slot] == nil {
		t.months[slot] = make([]int64, t.columns*int(classes))
	}
	return t.months[slot]
}

func (t *tally) broke(column int, rule string, s severity, row int64) {
	key := ruleKey{column, rule, s}
	seen := t.rules[key]
	if seen.count == 0 || row < seen.first {
		seen.first = row
	}
	seen.count++
	t.rules[key] = seen
}

func (t *tally) add(o *tally) {
	for slot, counts := range o.months {
		if counts == nil {
			continue
		}
		mine := t.month(int32(slot))
		for i, n := range counts {
			mine[i] += n
		}
	}
	for key, seen := range o.rules {
		mine := t.rules[key]
		if mine.count == 0 || seen.first < mine.first {
			mine.first = seen.first
		}
		mine.count += seen.count
		t.rules[key] = mine
	}
	t.counts.RowsIn += o.counts.RowsIn
	t.counts.Kept += o.counts.Kept
	t.counts.Quarantined += o.counts.Quarantined
	t.counts.Identities += o.counts.Identities
	t.counts.Withheld += o.counts.Withheld
	t.counts.Anonymous += o.counts.Anonymous
	t.counts.Test += o.counts.Test
}

// fields gives the VODIM counts of the columns a file had, in the contract's
// order, months in order.
func (t *tally) fields(table string, columns []column, produced int32) []FieldCount {
	var list []FieldCount
	for i := range columns {
		if columns[i].at < 0 {
			continue
		}
		for slot, counts := range t.months {
			if counts == nil {
				continue
			}
			n := counts[i*int(classes):]
			month := monthName(int32(slot), produced)
			if last := len(list) - 1; last < 0 || list[last].Month != month || list[last].Column != columns[i].name {
				list = append(list, FieldCount{Table: table, Column: columns[i].name, Month: month})
			}
			f := &list[len(list)-1]
			f.Missing += n[missing]
			f.Valid += n[valid]
			f.Other += n[other]
			f.Default += n[defaulted]
			f.Invalid += n[invalid]
		}
	}
	return list
}

// broken gives the rules that were broken, by column, rule and severity.
func (t *tally) broken(table string, columns []column) []RuleCount {
	keys := slices.SortedFunc(maps.Keys(t.rules), func(a, b ruleKey) int {
		return cmp.Or(cmp.Compare(a.column, b.column), cmp.Compare(a.rule, b.rule), cmp.Compare(a.severity, b.severity))
	})
	list := make([]RuleCount, 0, len(keys))
	for _, k := range keys {
		c := RuleCount{Table: table, Rule: k.rule, Severity: k.severity.String(), Count: t.rules[k].count, FirstRow: t.rules[k].first}
		if k.column >= 0 {
			c.Column = columns[k.column].name
		}
		list = append(list, c)
	}
	return list
}
