package records

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"tre/internal/duck"
	"tre/internal/problem"
)

// idReader gathers ids. A null id becomes 0 or "" and is counted.
type idReader struct {
	isWhole bool
	ids     IDs
	nulls   int
	arena   dictionary
}

func (r *idReader) add(values arrow.Array) {
	r.nulls += values.NullN()
	if r.isWhole {
		r.ids.Whole = append(r.ids.Whole, values.(*array.Int64).Int64Values()...)
		return
	}
	texts := values.(*array.String)
	for row := range texts.Len() {
		r.ids.Text = append(r.ids.Text, r.arena.keep([]byte(texts.Value(row))))
	}
}

// wholeIDs reads ids as numbers if every one of them is written as a number
// prints: no leading zero, no plus, not too large.
func wholeIDs(ids []string) ([]int64, bool) {
	whole := make([]int64, len(ids))
	for i, id := range ids {
		n, err := strconv.ParseInt(id, 10, 64)
		if err != nil || strconv.FormatInt(n, 10) != id {
			return nil, false
		}
		whole[i] = n
	}
	return whole, true
}

// table sorts what was read by id.
func (r *reader) table() *Table {
	t := &Table{Rows: r.rows, Columns: map[string]*Column{}, IDName: r.in.ID, IDs: r.ids.ids, Sources: r.sources, SourceName: r.in.Source, Files: r.in.Files}
	if slices.ContainsFunc(r.in.Files, isCSV) && t.IDs.Text != nil {
		if whole, ok := wholeIDs(t.IDs.Text); ok {
			t.IDs = IDs{Whole: whole}
		}
	}
	if len(r.sources) > 1 || len(r.in.Files) > 1 {
		t.Source = r.source
		t.nameSources()
	}
	order := t.order()
	if order != nil {
		t.sort(order)
	}
	done := make(chan struct{}, len(r.encoders))
	for _, e := range r.encoders {
		t.Columns[e.column.Name] = e.column
		go func() {
			e.finish(order)
			done <- struct{}{}
		}()
	}
	for range r.encoders {
		<-done
	}
	if r.ids.nulls > 0 {
		t.Rows = -r.ids.nulls // refused by refuseIDs
	}
	return t
}

// nameSources sorts the inputs by name.
func (t *Table) nameSources() {
	names := slices.Clone(t.Sources)
	slices.Sort(names)
	at := make([]int32, len(names))
	for old, name := range t.Sources {
		at[old] = int32(slices.Index(names, name))
	}
	for row, old := range t.Source {
		t.Source[row] = at[old]
	}
	t.Sources = names
}

// order gives the rows in the order of their ids; nil when they are in it. Of
// several inputs, the order is that of the texts input-__-id, as in Splink.
func (t *Table) order() []int32 {
	if t.Source == nil && t.IDs.Whole != nil {
		if slices.IsSorted(t.IDs.Whole) {
			return nil
		}
		return wholeOrder(t.IDs.Whole)
	}
	before := t.compare()
	sorted := true
	for row := int32(1); row < int32(t.IDs.Len()) && sorted; row++ {
		sorted = before(row-1, row) <= 0
	}
	if sorted {
		return nil
	}
	order := make([]int32, t.IDs.Len())
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, before)
	return order
}

// wholeOrder sorts rows by whole ids, digit by digit from the last: as many
// rounds as the span of the ids has digits.
func wholeOrder(ids []int64) []int32 {
	const bits, digits = 11, 1 << 11
	least := slices.Min(ids)
	span := uint64(slices.Max(ids)) - uint64(least)
	order, next := make([]int32, len(ids)), make([]int32, len(ids))
	for i := range order {
		order[i] = int32(i)
	}
	for shift := 0; shift < 64 && span>>shift > 0; shift += bits {
		digit := func(row int32) uint64 { return (uint64(ids[row]) - uint64(least)) >> shift % digits }
		var starts [digits + 1]int32
		for _, row := range order {
			starts[digit(row)+1]++
		}
		for i := range digits {
			starts[i+1] += starts[i]
		}
		for _, row := range order {
			d := digit(row)
			next[starts[d]] = row
			starts[d]++
		}
		order, next = next, order
	}
	return order
}

func (t *Table) compare() func(a, b int32) int {
	switch {
	case t.Source != nil:
		labels := make([]string, t.IDs.Len())
		for row := range labels {
			labels[row] = t.Label(int32(row))
		}
		return func(a, b int32) int { return strings.Compare(labels[a], labels[b]) }
	case t.IDs.Whole != nil:
		return func(a, b int32) int { return cmp.Compare(t.IDs.Whole[a], t.IDs.Whole[b]) }
	}
	return func(a, b int32) int { return strings.Compare(t.IDs.Text[a], t.IDs.Text[b]) }
}

func (t *Table) sort(order []int32) {
	t.IDs = IDs{Whole: inOrder(t.IDs.Whole, order), Text: inOrder(t.IDs.Text, order)}
	t.Source = inOrder(t.Source, order)
}

// inOrder gives values in an order; nil stays nil.
func inOrder[T any](values []T, order []int32) []T {
	if values == nil {
		return nil
	}
	sorted := make([]T, len(order))
	for row, read := range order {
		sorted[row] = values[read]
	}
	return sorted
}

// refuseIDs refuses null and repeated ids, and says where the first one is.
func refuseIDs(ctx context.Context, db *engine, t *Table, inputs []input) error {
	if t.Rows < 0 {
		return refuseID(ctx, db, t, inputs, "is null", duck.Name(t.IDName)+" IS NULL")
	}
	before := t.compare()
	for row := int32(1); row < int32(t.Rows); row++ {
		if t.Source == nil && t.IDs.Whole != nil && t.IDs.Whole[row-1] != t.IDs.Whole[row] {
			continue
		}
		if before(row-1, row) == 0 {
			return refuseID(ctx, db, t, inputs, "is repeated", "count(*) OVER (PARTITION BY "+duck.Name(t.IDName)+") > 1")
		}
	}
	return nil
}

func refuseID(ctx context.Context, e *engine, t *Table, inputs []input, what, where string) error {
	db, err := e.open(ctx)
	if err != nil {
		return err
	}
	hint := "every record needs an id of its own; correct the file, or name another column as the model's unique_id_column_name"
	for _, in := range inputs {
		var found, first int64
		query := "SELECT count(*), coalesce(min(n), 0) FROM (SELECT n FROM (SELECT *, row_number() OVER () AS n FROM " + in.from + ") QUALIFY " + where + ")"
		if strings.HasSuffix(what, "null") {
			query = "SELECT count(*), coalesce(min(n), 0) FROM (SELECT *, row_number() OVER () AS n FROM " + in.from + ") WHERE " + where
		}
		if err := db.Row(ctx, []any{&found, &first}, query); err != nil {
			return err
		}
		if found > 0 {
			return problem.New(problem.Usage, hint, "%s: column %s %s in %d rows, first in row %d", in.path, t.IDName, what, found, first)
		}
	}
	return problem.New(problem.Usage, hint, "column %s %s across the files given", t.IDName, what)
}
