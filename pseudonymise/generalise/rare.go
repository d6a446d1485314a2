package generalise

import (
	"bytes"
	"hash/maphash"
	"slices"

	"tre/internal/problem"
	"tre/pseudonymise"
)

// mostCategories bounds the memory of counting: a column of more values is no
// category, and grouping would leave nothing of it.
const mostCategories = 1_000_000

// counts are how often each value of a column stands.
type counts struct {
	values map[string]*tally
	full   bool
}

// tally counts rows, or up to the minimum the people (hashes of another
// column's values): more need not be remembered.
type tally struct {
	rows   int64
	people []uint64
}

func (t *tally) reaches(c Column) bool {
	if c.Of != "" {
		return len(t.people) >= c.Minimum
	}
	return t.rows >= int64(c.Minimum)
}

func (t *tally) see(person uint64, most int) {
	if len(t.people) < most && !slices.Contains(t.people, person) {
		t.people = append(t.people, person)
	}
}

// Count looks at a row in the pass before the first Append.
func (w *Worker) Count(row [][]byte) {
	for i := range w.plan.columns {
		b := &w.plan.columns[i]
		if b.Rule != Rare {
			continue
		}
		if value := bytes.TrimSpace(row[b.from]); len(value) > 0 {
			w.count(i, b, value, row)
		}
	}
}

func (w *Worker) count(column int, b *bound, value []byte, row [][]byte) {
	own := w.own[column]
	if own == nil {
		own = &counts{values: map[string]*tally{}}
		w.own[column] = own
	}
	t := own.values[string(value)]
	if t == nil {
		if len(own.values) >= mostCategories {
			own.full = true
			return
		}
		t = &tally{}
		own.values[string(value)] = t
	}
	t.rows++
	if b.of >= 0 && b.Of != "" {
		if person, ok := w.plan.person(row[b.of]); ok {
			t.see(person, b.Minimum)
		}
	}
}

// person hashes who a row is about. An NHS number is one however it is
// written, or one person would count as several.
func (p *Plan) person(value []byte) (uint64, bool) {
	if digits, _ := pseudonymise.CheckNHSNumber(value); digits != [10]byte{} {
		value = digits[:]
	}
	value = bytes.TrimSpace(value)
	return maphash.Bytes(p.seed, value), len(value) > 0
}

// Settle adds up what workers counted. It refuses a column of a million values
// and more.
func (p *Plan) Settle(workers ...*Worker) error {
	for _, w := range workers {
		for column, own := range w.own {
			if err := p.add(column, own); err != nil {
				return err
			}
		}
		w.own = map[int]*counts{}
	}
	return nil
}

func (p *Plan) add(column int, own *counts) error {
	all, c := p.counts[column], p.columns[column].Column
	for value, t := range own.values {
		sum := all.values[value]
		if sum == nil {
			sum = &tally{}
			all.values[value] = sum
		}
		sum.rows += t.rows
		for _, person := range t.people {
			sum.see(person, c.Minimum)
		}
	}
	if own.full || len(all.values) > mostCategories {
		return problem.New(problem.Failed, "leave the column out, or make it coarser by another rule",
			"column %s: more than a million values: it is no category whose rare values could be grouped", c.Source)
	}
	return nil
}

func (w *Worker) appendRare(dst []byte, column int, value []byte) ([]byte, Fate) {
	b := &w.plan.columns[column]
	if t := w.plan.counts[column].values[string(value)]; t != nil && t.reaches(b.Column) {
		return append(dst, value...), Passed
	}
	return append(dst, b.Other...), Grouped
}
