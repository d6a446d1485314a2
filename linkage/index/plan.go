package index

import (
	"slices"
	"sync"
	"sync/atomic"

	"tre/internal/problem"
	"tre/linkage/block"
	"tre/linkage/compare"
	"tre/linkage/condition"
	"tre/linkage/model"
	"tre/linkage/records"
	"tre/linkage/score"
	"tre/linkage/similarity"
)

// part is one way to satisfy a blocking rule. Rows that may satisfy it share a
// bucket of its tables; whether they do is asked of their codes.
type part struct {
	rule       int
	same       []int // places of codes that must be equal and known
	left       []int // places whose values the left record's key is made of, beside same
	right      []int // and the right record's
	element    int   // place of a list of which any element may agree; -1 for none
	conditions []compare.Condition
	table      int // its table, or that of the left records, with the right records' next
}

func (p *part) isTwoSided() bool { return len(p.left) > 0 }

// assemble compiles a model in a fixed order, so that the same expression has
// the same place in every run.
func assemble(c *compare.Compiler, m *model.Model) ([]*part, error) {
	for i := range m.Comparisons {
		if err := c.Add(&m.Comparisons[i]); err != nil {
			return nil, err
		}
	}
	for _, column := range append(m.TermFrequencyColumns(), score.Columns(m)...) {
		if _, err := c.PlaceExpression(&condition.Expr{Kind: condition.Column, Name: column}); err != nil {
			return nil, err
		}
	}
	conjunctions, err := block.TakeApart(m.BlockingRules)
	if err != nil {
		return nil, err
	}
	var parts []*part
	tables := 0
	for _, conjunction := range conjunctions {
		p, err := newPart(c, conjunction)
		if err != nil {
			return nil, err
		}
		p.table = tables
		if tables++; p.isTwoSided() {
			tables++
		}
		parts = append(parts, p)
	}
	return parts, nil
}

func newPart(c *compare.Compiler, conjunction block.Conjunction) (*part, error) {
	p := &part{rule: conjunction.Rule, element: -1}
	filters := slices.Clone(conjunction.Filters)
	for i, k := range conjunction.Keys {
		left, err := c.PlaceExpression(k.Left)
		if err != nil {
			return nil, notNative(err, conjunction.Rule)
		}
		right, err := c.PlaceExpression(k.Right)
		if err != nil {
			return nil, notNative(err, conjunction.Rule)
		}
		if left == right {
			p.same = append(p.same, left)
			continue
		}
		p.left, p.right = append(p.left, left), append(p.right, right)
		filters = append(filters, conjunction.Equality[i])
	}
	for _, e := range conjunction.Explode {
		at, err := c.PlaceExpression(e.Left)
		if err != nil {
			return nil, notNative(err, conjunction.Rule)
		}
		if p.element < 0 {
			p.element = at
		}
		filters = append(filters, &condition.Expr{Kind: condition.Call, Name: "list_has_any", Args: []*condition.Expr{e.Left, e.Right}})
	}
	for _, filter := range filters {
		compiled, err := c.Condition(filter)
		if err != nil {
			return nil, notNative(err, conjunction.Rule)
		}
		p.conditions = append(p.conditions, compiled)
	}
	return p, nil
}

func notNative(err error, rule int) error {
	return problem.Wrap(err, problem.Usage, "an index needs conditions of the forms in docs/linkage.md, or a column prepared beforehand", "blocking rule %d", rule+1)
}

// refuseSlow refuses conditions that only DuckDB can evaluate: it would have to
// be asked pair by pair.
func refuseSlow(plan *compare.Plan) error {
	if len(plan.Slow) == 0 {
		return nil
	}
	s := plan.Slow[0]
	return problem.New(problem.Usage, "an index needs conditions of the forms in docs/linkage.md, or a column prepared beforehand",
		"comparison %s, level %q: only DuckDB can evaluate the condition (%s)", s.Comparison, s.Level, s.Reason)
}

// compileStored compiles a model for the dictionaries of an index.
func compileStored(m *model.Model, lexicons []*lexicon, strings similarity.Strings) (*compare.Plan, []*part, error) {
	columns := columnsOf(lexicons)
	t := tableOf(lexicons, columns)
	c := compare.NewCompiler(t, strings)
	for i, l := range lexicons {
		if l.isColumn() {
			continue
		}
		p := compare.Placed{Keys: l.about.Keys, Base: l.about.Base, Column: columns[i], OfNull: l.about.OfNull}
		if l.isDerived() {
			p.Of = l.ofValues(t.Columns[l.about.Base].Distinct())
		}
		c.Restore(p)
	}
	parts, err := assemble(c, m)
	if err != nil {
		return nil, nil, err
	}
	if !samePlaces(lexicons, c.Placed()) {
		return nil, nil, otherVersion()
	}
	return c.FinishWithoutRows(), parts, nil
}

// columnsOf gives the dictionaries of all lexicons, made by two goroutines: they
// are large, and independent of each other.
func columnsOf(lexicons []*lexicon) []*records.Column {
	columns := make([]*records.Column, len(lexicons))
	var next atomic.Int32
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(lexicons); i = int(next.Add(1)) - 1 {
				columns[i] = lexicons[i].column()
			}
		})
	}
	both.Wait()
	return columns
}

// tableOf is a table of dictionaries alone, without a row.
func tableOf(lexicons []*lexicon, columns []*records.Column) *records.Table {
	t := &records.Table{Columns: map[string]*records.Column{}}
	for i, l := range lexicons {
		if l.isColumn() {
			t.Columns[l.about.Name] = columns[i]
		}
	}
	return t
}

func samePlaces(lexicons []*lexicon, placed []compare.Placed) bool {
	return slices.EqualFunc(lexicons, placed, func(l *lexicon, p compare.Placed) bool {
		return l.about.Base == p.Base && slices.Equal(l.about.Keys, p.Keys)
	})
}
