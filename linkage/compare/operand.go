package compare

import (
	"slices"
	"strings"
	"sync"

	"tre/internal/problem"
	"tre/linkage/condition"
	"tre/linkage/records"
)

// Operand is an expression over one record, computed once for every distinct
// value of its column: a derived column with a dictionary of its own.
type Operand struct {
	*records.Column
	of     []int32 // by value of the one column it is made of: the code here; nil for the column itself
	ofNull int32   // the code of what is made of a missing value, mostly -1
	base   string  // the one column it is made of; "" for several
	place  int     // its column in the matrix of codes; -1 until a test needs it
}

// operand gives the operand of an expression that reads columns of one side
// only; which side does not matter.
func (c *Compiler) operand(e *condition.Expr) (*Operand, error) {
	e = withoutSides(e)
	key := e.String()
	if o, ok := c.operands[key]; ok {
		return o, nil
	}
	for name := range columnsOf(e) {
		if c.table.Column(name) == nil {
			return nil, problem.New(problem.Usage, "columns read: "+strings.Join(c.columnNames(), ", "), "the records have no column %s, which a condition of the model reads", name)
		}
	}
	o, isMade := c.ahead[key]
	if !isMade {
		var err error
		if o, err = c.derive(e); err != nil {
			return nil, err
		}
	}
	o.place = -1
	c.operands[key] = o
	return o, nil
}

func (c *Compiler) columnNames() []string {
	var names []string
	for name := range c.table.Columns {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (c *Compiler) derive(e *condition.Expr) (*Operand, error) {
	if e.Kind == condition.Column {
		column := c.table.Column(e.Name)
		if o, ok := c.operands[column.Name]; ok {
			return o, nil
		}
		return &Operand{Column: column, base: column.Name, ofNull: -1}, nil
	}
	if c.calculatesWithTimes(e) {
		return nil, unsupported("calculating with dates or times")
	}
	compute, err := compileScalar(e)
	if err != nil {
		return nil, err
	}
	names := slices.Sorted(columnsOf(e))
	if len(names) == 1 {
		return c.deriveFromValues(c.table.Column(names[0]), compute), nil
	}
	return c.deriveFromRows(compute), nil
}

// deriveFromValues computes an expression of one column once a distinct value,
// and once for NULL.
func (c *Compiler) deriveFromValues(base *records.Column, compute scalar) *Operand {
	in := newInterner()
	ofNull := in.code(compute(func(string) value { return valueOf(base, -1) }))
	of := in.codesOf(base, compute)
	derived := in.column()
	derived.Codes = make([]int32, len(base.Codes))
	inParallel(len(base.Codes), func(from, to int) {
		for row := from; row < to; row++ {
			if code := base.Codes[row]; code >= 0 {
				derived.Codes[row] = of[code]
			} else {
				derived.Codes[row] = ofNull
			}
		}
	})
	in.count(derived)
	return &Operand{Column: derived, of: of, base: base.Name, ofNull: ofNull}
}

// deriveFromRows computes an expression of several columns row by row.
func (c *Compiler) deriveFromRows(compute scalar) *Operand {
	in := newInterner()
	codes := make([]int32, c.table.Rows)
	for row := range codes {
		codes[row] = in.code(compute(func(name string) value { return at(c.table.Column(name), int32(row)) }))
	}
	derived := in.column()
	derived.Codes = codes
	in.count(derived)
	return &Operand{Column: derived}
}

// withoutSides is the expression with the sides of its columns forgotten.
func withoutSides(e *condition.Expr) *condition.Expr {
	bare := *e
	bare.Side = condition.Neither
	bare.Args = make([]*condition.Expr, len(e.Args))
	for i, arg := range e.Args {
		bare.Args[i] = withoutSides(arg)
	}
	return &bare
}

// columnsOf walks the names of an expression's columns.
func columnsOf(e *condition.Expr) func(yield func(string) bool) {
	seen := map[string]bool{}
	var walk func(*condition.Expr)
	walk = func(e *condition.Expr) {
		if e.Kind == condition.Column {
			seen[e.Name] = true
		}
		for _, arg := range e.Args {
			walk(arg)
		}
	}
	walk(e)
	return func(yield func(string) bool) {
		for name := range seen {
			if !yield(name) {
				return
			}
		}
	}
}

// sides says whether an expression reads columns of the left and of the right
// record.
func sides(e *condition.Expr) (left, right bool) {
	if e.Kind == condition.Column {
		return e.Side == condition.Left, e.Side == condition.Right
	}
	for _, arg := range e.Args {
		l, r := sides(arg)
		left, right = left || l, right || r
	}
	return left, right
}

// worthSplitting is from how many values on two goroutines share them.
const worthSplitting = 1 << 15

// inParallel splits 0..n between two goroutines when that is worth it.
func inParallel(n int, do func(from, to int)) {
	if n < worthSplitting {
		do(0, n)
		return
	}
	var both sync.WaitGroup
	both.Go(func() { do(0, n/2) })
	do(n/2, n)
	both.Wait()
}
