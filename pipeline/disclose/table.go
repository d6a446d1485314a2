package disclose

import (
	"fmt"
	"slices"
	"strings"
)

// All is the label that stands for every group of a dimension together.
const All = "all"

// Raw is a table of counts as an analysis gave it. A nil count is not
// assessable.
type Raw struct {
	Name       string
	Dimensions []string // names of the label columns
	Measures   []string // names of the count columns
	Labels     [][]string
	Counts     [][]*int64
}

// Table is a table of protected counts. Only Protect makes one that has rows.
type Table struct {
	name       string
	dimensions []string
	measures   []string
	rows       []row
}

type row struct {
	labels []string
	cells  []Cell
}

// Protect applies the small-number rule to every count. It refuses a table that
// is not whole: a row too short or too long, a negative count, a repeated row.
func Protect(raw Raw) (Table, error) {
	if len(raw.Labels) != len(raw.Counts) {
		return Table{}, fmt.Errorf("table %s: %d rows of labels, %d of counts", raw.Name, len(raw.Labels), len(raw.Counts))
	}
	t := Table{name: raw.Name, dimensions: slices.Clone(raw.Dimensions), measures: slices.Clone(raw.Measures)}
	seen := map[string]bool{}
	for i, labels := range raw.Labels {
		if len(labels) != len(t.dimensions) || len(raw.Counts[i]) != len(t.measures) {
			return Table{}, fmt.Errorf("table %s: row %d does not have a value for each column", raw.Name, i+1)
		}
		key := strings.Join(labels, "\x00")
		if seen[key] {
			return Table{}, fmt.Errorf("table %s: row %d repeats the labels of another", raw.Name, i+1)
		}
		seen[key] = true
		cells, err := protectRow(raw.Counts[i])
		if err != nil {
			return Table{}, fmt.Errorf("table %s: row %d: %w", raw.Name, i+1, err)
		}
		t.rows = append(t.rows, row{slices.Clone(labels), cells})
	}
	return t, nil
}

func protectRow(counts []*int64) ([]Cell, error) {
	cells := make([]Cell, len(counts))
	for i, n := range counts {
		switch {
		case n == nil:
			cells[i] = NotAssessable()
		case *n < 0:
			return nil, fmt.Errorf("column %d holds a negative count", i+1)
		default:
			cells[i] = Count(*n)
		}
	}
	return cells, nil
}

// Name gives the table's name.
func (t Table) Name() string { return t.name }

// Dimensions gives the names of the label columns.
func (t Table) Dimensions() []string { return slices.Clone(t.dimensions) }

// Len gives the number of rows.
func (t Table) Len() int { return len(t.rows) }

// Has reports whether the table has every column named, label or count.
func (t Table) Has(columns ...string) bool {
	for _, c := range columns {
		if !slices.Contains(t.dimensions, c) && !slices.Contains(t.measures, c) {
			return false
		}
	}
	return true
}

// Label gives a row's label in a dimension, or "" when there is no such
// dimension.
func (t Table) Label(row int, dimension string) string {
	if at := slices.Index(t.dimensions, dimension); at >= 0 {
		return t.rows[row].labels[at]
	}
	return ""
}

// Cell gives a row's count in a measure. A measure that does not exist is not
// assessable.
func (t Table) Cell(row int, measure string) Cell {
	if at := slices.Index(t.measures, measure); at >= 0 {
		return t.rows[row].cells[at]
	}
	return NotAssessable()
}

// Where gives the rows with a label in a dimension.
func (t Table) Where(dimension, label string) Table {
	return t.keep(dimension, func(l string) bool { return l == label })
}

// WhereNot gives the rows without a label in a dimension.
func (t Table) WhereNot(dimension, label string) Table {
	return t.keep(dimension, func(l string) bool { return l != label })
}

func (t Table) keep(dimension string, wanted func(string) bool) Table {
	at := slices.Index(t.dimensions, dimension)
	kept := t
	kept.rows = nil
	for _, r := range t.rows {
		if at >= 0 && wanted(r.labels[at]) {
			kept.rows = append(kept.rows, r)
		}
	}
	return kept
}

// Distinct gives the labels of a dimension in the order they first appear.
func (t Table) Distinct(dimension string) []string {
	var labels []string
	for i := range t.rows {
		if l := t.Label(i, dimension); !slices.Contains(labels, l) {
			labels = append(labels, l)
		}
	}
	return labels
}

// Header gives the columns' names, labels first.
func (t Table) Header() []string { return slices.Concat(t.dimensions, t.measures) }

// Records gives the rows as text.
func (t Table) Records() [][]string {
	records := make([][]string, len(t.rows))
	for i, r := range t.rows {
		records[i] = slices.Clone(r.labels)
		for _, c := range r.cells {
			records[i] = append(records[i], c.String())
		}
	}
	return records
}
