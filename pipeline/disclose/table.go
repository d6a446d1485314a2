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
	Values     []Value  // the value columns
	Labels     [][]string
	Counts     [][]*int64
	Numbers    [][]*float64 // a value is made from its row's counts; nil is not assessable
}

// Value is a column of numbers that are not counts. From a Statistic (an area
// under a curve) no count can be worked out; from any other (a rate) one can.
type Value struct {
	Name      string
	Statistic bool
}

// Table is a table of protected counts. Only Protect makes one that has rows.
type Table struct {
	name       string
	dimensions []string
	measures   []string
	values     []Value
	rows       []row
}

type row struct {
	labels  []string
	cells   []Cell
	numbers []Number
}

// Protect applies the small-number rule to every count, and sees to it that no
// total undoes it (see the package comment). It refuses a table that is not
// whole: a row too short or too long, a negative count, a repeated row.
func Protect(raw Raw) (Table, error) {
	if err := raw.check(); err != nil {
		return Table{}, fmt.Errorf("table %s: %w", raw.Name, err)
	}
	t := Table{name: raw.Name, dimensions: slices.Clone(raw.Dimensions), measures: slices.Clone(raw.Measures), values: slices.Clone(raw.Values)}
	for _, labels := range raw.Labels {
		t.rows = append(t.rows, row{labels: slices.Clone(labels), cells: make([]Cell, len(t.measures))})
	}
	for m := range t.measures {
		cells, err := protectColumn(raw.Labels, raw.column(m))
		if err != nil {
			return Table{}, fmt.Errorf("table %s: %w", raw.Name, err)
		}
		for i := range t.rows {
			t.rows[i].cells[m] = cells[i]
		}
	}
	for i := range t.rows {
		t.rows[i].numbers = protectNumbers(raw, i, t.rows[i].cells)
	}
	return t, nil
}

// check refuses a table that is not whole.
func (raw Raw) check() error {
	if len(raw.Labels) != len(raw.Counts) {
		return fmt.Errorf("%d rows of labels, %d of counts", len(raw.Labels), len(raw.Counts))
	}
	if len(raw.Values) > 0 && len(raw.Numbers) != len(raw.Labels) {
		return fmt.Errorf("%d rows of labels, %d of values", len(raw.Labels), len(raw.Numbers))
	}
	seen := map[string]bool{}
	for i, labels := range raw.Labels {
		whole := len(labels) == len(raw.Dimensions) && len(raw.Counts[i]) == len(raw.Measures)
		if !whole || len(raw.Values) > 0 && len(raw.Numbers[i]) != len(raw.Values) {
			return fmt.Errorf("row %d does not have a value for each column", i+1)
		}
		key := strings.Join(labels, "\x00")
		if seen[key] {
			return fmt.Errorf("row %d repeats the labels of another", i+1)
		}
		seen[key] = true
	}
	return nil
}

// column gives the counts of a measure.
func (raw Raw) column(measure int) []*int64 {
	counts := make([]*int64, len(raw.Counts))
	for i := range raw.Counts {
		counts[i] = raw.Counts[i][measure]
	}
	return counts
}

// protectNumbers protects the values of a row by its protected counts.
func protectNumbers(raw Raw, at int, cells []Cell) []Number {
	if len(raw.Values) == 0 {
		return nil
	}
	numbers := make([]Number, len(raw.Values))
	for i, n := range raw.Numbers[at] {
		numbers[i] = number(n, raw.Values[i].Statistic, raw.Counts[at], cells)
	}
	return numbers
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
		if !slices.Contains(t.dimensions, c) && !slices.Contains(t.measures, c) && t.valueAt(c) < 0 {
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

// Measures gives the names of the count columns.
func (t Table) Measures() []string { return slices.Clone(t.measures) }

// Values gives the names of the value columns.
func (t Table) Values() []string {
	names := make([]string, len(t.values))
	for i, v := range t.values {
		names[i] = v.Name
	}
	return names
}

// Number gives a row's protected value. A value that does not exist is not
// assessable.
func (t Table) Number(row int, value string) Number {
	if at := t.valueAt(value); at >= 0 {
		return t.rows[row].numbers[at]
	}
	return Number{state: notAssessable}
}

// Value gives a row's value as it may be shown, and false when it may not.
func (t Table) Value(row int, value string) (float64, bool) { return t.Number(row, value).Shown() }

func (t Table) valueAt(name string) int {
	return slices.IndexFunc(t.values, func(v Value) bool { return v.Name == name })
}

// Header gives the columns' names: labels, counts, values.
func (t Table) Header() []string { return slices.Concat(t.dimensions, t.measures, t.Values()) }

// Records gives the rows as text.
func (t Table) Records() [][]string {
	records := make([][]string, len(t.rows))
	for i, r := range t.rows {
		records[i] = slices.Clone(r.labels)
		for _, c := range r.cells {
			records[i] = append(records[i], c.String())
		}
		for _, n := range r.numbers {
			records[i] = append(records[i], n.String())
		}
	}
	return records
}
