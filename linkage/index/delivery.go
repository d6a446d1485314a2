package index

import (
	"cmp"
	"context"
	"slices"

	"tre/internal/problem"
	"tre/linkage/model"
	"tre/linkage/records"
	"tre/linkage/score"
)

// What a delivery's column of changes may say of a record.
const (
	changeNew     = "new"
	changeChanged = "changed"
	changeGone    = "gone"
)

// delivery is what was read for one run.
type delivery struct {
	table *records.Table
	order []int32 // the table's rows in the order of their keys
	keys  []key   // by position in order
	gone  []bool  // by row of the table: said to be gone; nil when nothing says so
}

// readTable reads records with the columns the model needs, and that of
// changes.
func readTable(ctx context.Context, m *model.Model, files []string, change string, o Options) (*records.Table, error) {
	columns := score.Columns(m)
	if change != "" {
		columns = append(columns, change)
	}
	return records.Read(ctx, records.In{Files: files, ID: m.UniqueID, Source: m.SourceDataset, Columns: columns, Threads: o.Threads, MemoryBytes: o.MemoryBytes})
}

// hasSources says that the records name the input they are of.
func hasSources(t *records.Table) bool { return t.Several() || t.Sources[0] != "" }

// newDelivery puts records in the order of the index, whose sources it extends.
func newDelivery(t *records.Table, man *manifest, change string) (*delivery, error) {
	if err := man.suits(t); err != nil {
		return nil, err
	}
	d := &delivery{table: t}
	keys := make([]key, t.Rows)
	for row := range int32(t.Rows) {
		switch {
		case man.Source != "":
			keys[row].text = t.Sources[t.SourceOf(row)] + "-__-" + t.IDs.String(row)
		case man.HasText:
			keys[row].text = t.IDs.String(row)
		default:
			keys[row].whole = t.IDs.Whole[row]
		}
	}
	d.order = make([]int32, t.Rows)
	for i := range d.order {
		d.order[i] = int32(i)
	}
	byKey := func(a, b int32) int { return compareKeys(keys[a], keys[b]) }
	if !slices.IsSortedFunc(d.order, byKey) {
		slices.SortFunc(d.order, func(a, b int32) int { return cmp.Or(byKey(a, b), cmp.Compare(a, b)) })
	}
	d.keys = make([]key, t.Rows)
	for i, row := range d.order {
		d.keys[i] = keys[row]
	}
	for _, name := range t.Sources {
		if man.Source != "" && !slices.Contains(man.Sources, name) {
			man.Sources = append(man.Sources, name)
		}
	}
	return d, d.readChanges(change)
}

// suits refuses records whose ids or sources are not of the index's kind.
func (m *manifest) suits(t *records.Table) error {
	switch {
	case m.Source != "" && !hasSources(t):
		return problem.New(problem.Usage, "add the column "+m.Source+", so that an id names one record", "the index holds several sources, and the records do not say of which they are")
	case m.Source == "" && hasSources(t):
		return problem.New(problem.Usage, "give one file without that column, or build an index of all sources", "the index was built from one input without a source, and the records name theirs")
	case m.IsWhole && t.IDs.Whole == nil:
		return problem.New(problem.Usage, "give ids of the same kind as before, or --rebuild with all records", "ids of the index are whole numbers; column %s has others", t.IDName)
	}
	return nil
}

func (d *delivery) readChanges(column string) error {
	if column == "" {
		return nil
	}
	c := d.table.Column(column)
	if c == nil || c.Kind != records.Text {
		return problem.New(problem.Usage, "write new, changed or gone", "column %s of changes is not text", column)
	}
	d.gone = make([]bool, d.table.Rows)
	for code, text := range c.Texts {
		if text != changeNew && text != changeChanged && text != changeGone {
			row := slices.Index(c.Codes, int32(code))
			return problem.New(problem.Usage, "write new, changed or gone", "column %s holds another value, first at record %d by id", column, row+1)
		}
	}
	for row, code := range c.Codes {
		if code < 0 {
			return problem.New(problem.Usage, "write new, changed or gone", "column %s is empty, first at record %d by id", column, row+1)
		}
		d.gone[row] = c.Texts[code] == changeGone
	}
	return nil
}

// sourceOf gives the position of a record's source in the index.
func (d *delivery) sources(man *manifest) []int32 {
	if man.Source == "" {
		return nil
	}
	position := make([]int32, len(d.table.Sources))
	for i, name := range d.table.Sources {
		position[i] = int32(slices.Index(man.Sources, name))
	}
	sources := make([]int32, len(d.order))
	for i, row := range d.order {
		sources[i] = position[d.table.SourceOf(row)]
	}
	return sources
}
