package index

import (
	"slices"

	"tre/internal/problem"
	"tre/linkage/compare"
	"tre/linkage/model"
	"tre/linkage/records"
)

// encode gives the codes of the delivery's records, by row of its table, and the
// parts by which their rows are found. Of an expression only what the index does
// not know is computed: that of values it has never seen.
func (r *refresher) encode(d *delivery) (codes []int32, parts []*part, err error) {
	if err := r.refuseTypes(d.table); err != nil {
		return nil, nil, err
	}
	lexicons, stride := r.state.lexicons, r.writer.man.Stride
	codes = make([]int32, stride*d.table.Rows)
	inParallel(stride, r.Threads, func(at int) {
		if l := lexicons[at]; l.isColumn() {
			l.encode(codes[at:], stride, d.table.Column(l.about.Name))
		}
	})
	placed, parts, err := place(r.model, unseen(lexicons))
	if err != nil {
		return nil, nil, err
	}
	if !samePlaces(lexicons, placed) {
		return nil, nil, otherVersion()
	}
	inParallel(stride, r.Threads, func(at int) {
		if l := lexicons[at]; l.isDerived() {
			l.learn(placed[at])
			l.derive(codes, stride, at, placeOf(lexicons, l.about.Base))
		}
	})
	return codes, parts, r.encodeRows(d.table, codes)
}

// refuseTypes refuses a column of another type than it has in the index.
func (r *refresher) refuseTypes(t *records.Table) error {
	for _, l := range r.state.lexicons {
		kind, _ := kindOf(l.about.Kind)
		if c := t.Column(l.about.Name); l.isColumn() && c != nil && c.Kind != kind && c.Distinct() > 0 {
			return problem.New(problem.Usage, "give the same type as before, or --rebuild with all records", "column %s is not of the type it has in the index, %s", l.about.Name, l.about.Kind)
		}
	}
	return nil
}

// encodeRows computes the expressions of several columns row by row.
func (r *refresher) encodeRows(t *records.Table, codes []int32) error {
	if !slices.ContainsFunc(r.state.lexicons, (*lexicon).isOfSeveral) {
		return nil
	}
	placed, _, err := place(r.model, t)
	if err != nil {
		return err
	}
	for at, l := range r.state.lexicons {
		if l.isOfSeveral() {
			l.encode(codes[at:], r.writer.man.Stride, placed[at].Column)
		}
	}
	return nil
}

// place computes the model's expressions over one record.
func place(m *model.Model, t *records.Table) ([]compare.Placed, []*part, error) {
	c := compare.NewPlacer(t)
	c.Prepare(m)
	parts, err := assemble(c, m)
	return c.Placed(), parts, err
}

// unseen is a table of values that columns have got and expressions over them do
// not know yet.
func unseen(lexicons []*lexicon) *records.Table {
	t := &records.Table{Columns: map[string]*records.Column{}}
	for _, l := range lexicons {
		if l.isColumn() {
			t.Columns[l.about.Name] = l.since(known(lexicons, l)).column()
		}
	}
	return t
}

// known is how many values of a column every expression over it knows.
func known(lexicons []*lexicon, column *lexicon) int {
	least := column.len()
	for _, l := range lexicons {
		if l.isDerived() && l.about.Base == column.about.Name {
			least = min(least, len(l.of))
		}
	}
	return least
}

// placeOf is the place of a column.
func placeOf(lexicons []*lexicon, name string) int {
	return slices.IndexFunc(lexicons, func(l *lexicon) bool { return l.isColumn() && l.about.Name == name })
}
