package suggest

import (
	"regexp"
	"slices"
	"strings"

	"tre/linkage/compare"
	"tre/linkage/condition"
	"tre/linkage/model"
	"tre/linkage/records"
)

// maximumAtoms is how many the bits of a pattern can hold.
const maximumAtoms = 64

// atom is one thing two records may agree on: a column, or a part of it.
type atom struct {
	column   string
	isWhole  bool
	finer    []int // atoms of the column that cannot agree without this one agreeing
	key      model.Expression
	test     *condition.Expr // the equality of both sides
	codes    []int32         // by row; -1 is null
	distinct int
}

// part is a part of a column that may be a key, as SQL.
type part struct {
	make  func(model.Expression) model.Expression
	finer []int // parts before it that imply it, besides the whole column
}

// atomsOf finds the atoms of columns. Lists and numbers with fractions have
// none: two that mean the same are seldom equal.
func atomsOf(t *records.Table, columns []string) ([]atom, error) {
	c := compare.NewCompiler(t, 0)
	var atoms []atom
	for _, name := range columns {
		column := t.Column(name)
		if column == nil || column.Distinct() < 2 || !hasKeys(column.Kind) {
			continue
		}
		first := len(atoms)
		for _, p := range partsOf(column) {
			a := atom{column: column.Name, isWhole: len(atoms) == first, key: p.make(model.Column(column.Name))}
			if a.test = model.BlockOn(a.key).Test; a.test == nil {
				continue
			}
			var err error
			if a.codes, a.distinct, err = c.Codes(a.test.Args[0]); err != nil {
				return nil, err
			}
			if !a.isWhole {
				a.finer = append(a.finer, first)
			}
			for _, i := range p.finer {
				a.finer = append(a.finer, first+i)
			}
			if len(atoms) < maximumAtoms {
				atoms = append(atoms, a)
			}
		}
	}
	return atoms, nil
}

func hasKeys(k records.Kind) bool {
	return k == records.Text || k == records.Whole || k == records.Boolean || k == records.Date || k == records.Timestamp
}

// partsOf gives the column itself and the parts that suit what is in it.
func partsOf(c *records.Column) []part {
	parts := []part{{make: func(e model.Expression) model.Expression { return e }}}
	cut := func(start, length int, finer ...int) {
		parts = append(parts, part{func(e model.Expression) model.Expression {
			if c.Kind != records.Text {
				e = e.AsText()
			}
			return e.Substring(start, length)
		}, finer})
	}
	extract := func(pattern string, finer ...int) {
		parts = append(parts, part{func(e model.Expression) model.Expression { return e.Extract(pattern, 0) }, finer})
	}
	switch {
	case c.Kind == records.Date || c.Kind == records.Timestamp || mostly(c, `^\d{4}-\d\d-\d\d`):
		cut(1, 7)
		cut(1, 4, 1) // the year, which the month of the year implies
		cut(6, 5)
	case c.Kind != records.Text:
	case mostly(c, `^(18|19|20)\d{6}$`):
		cut(1, 6)
		cut(1, 4, 1)
		cut(5, 4)
	case mostly(c, `^\d\d[/.-]\d\d[/.-]\d{4}$`):
		cut(4, 7)
		cut(7, 4, 1)
		cut(1, 5)
	case mostly(c, `^[A-Za-z]{1,2}\d[A-Za-z\d]? \d[A-Za-z]{2}$`):
		extract(`^[A-Za-z]{1,2}[0-9][A-Za-z0-9]? [0-9]`)
		extract(`^[A-Za-z]{1,2}[0-9][A-Za-z0-9]?`, 1)
	case mostly(c, `^\pL`) && c.Distinct() > 20:
		cut(1, 4)
		cut(1, 3, 1)
	}
	return parts
}

// mostly says that three in four records of a column look like a pattern.
func mostly(c *records.Column, pattern string) bool {
	form := regexp.MustCompile(pattern)
	hits, all := 0, 0
	for code, value := range c.Texts[:min(len(c.Texts), 10_000)] {
		all += int(c.Counts[code])
		if form.MatchString(value) {
			hits += int(c.Counts[code])
		}
	}
	return all > 0 && hits*4 >= all*3
}

// Columns gives the columns that the comparisons of a model read.
func Columns(m *model.Model, t *records.Table) []string {
	var names []string
	for i := range m.Comparisons {
		for _, name := range m.Comparisons[i].Columns() {
			if c := t.Column(name); c != nil && !slices.Contains(names, c.Name) {
				names = append(names, c.Name)
			}
		}
	}
	return names
}

// equality gives the expression that a condition says is equal on both sides,
// without its sides; "" when it says something else.
func equality(e *condition.Expr) string {
	if e.Kind != condition.Operator || e.Name != "=" {
		return ""
	}
	left, right := bare(e.Args[0]), bare(e.Args[1])
	if left != right {
		return ""
	}
	return left
}

func bare(e *condition.Expr) string {
	return strings.ToLower(e.Print(func(c condition.Reference) string { return `"` + c.Name + `"` }))
}
