package compare

import (
	"encoding/binary"
	"math"
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
	ofNull int32  // the code of what is made of a missing value, mostly -1
	base   string // the one column it is made of; "" for several
	place  int    // its column in the matrix of codes; -1 until a test needs it
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
	o, err := c.derive(e)
	if err != nil {
		return nil, err
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
	values := make([]value, base.Distinct())
	inParallel(len(values), func(from, to int) {
		for code := from; code < to; code++ {
			values[code] = compute(func(string) value { return valueOf(base, int32(code)) })
		}
	})
	renamed := make([]int32, base.Distinct())
	for code := range renamed {
		renamed[code] = in.code(values[code])
	}
	derived := in.column()
	derived.Codes = make([]int32, len(base.Codes))
	inParallel(len(base.Codes), func(from, to int) {
		for row := from; row < to; row++ {
			if code := base.Codes[row]; code >= 0 {
				derived.Codes[row] = renamed[code]
			} else {
				derived.Codes[row] = ofNull
			}
		}
	})
	in.count(derived)
	return &Operand{Column: derived, base: base.Name, ofNull: ofNull}
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

// interner numbers the distinct values of a derived column.
type interner struct {
	codes  map[string]int32
	values []value
	kind   records.Kind
}

func newInterner() *interner { return &interner{codes: map[string]int32{}, kind: -1} }

func (in *interner) code(v value) int32 {
	if !v.isKnown {
		return -1
	}
	key := spelling(v)
	code, ok := in.codes[key]
	if !ok {
		code = int32(len(in.values))
		in.codes[key] = code
		in.values = append(in.values, v)
		in.kind = v.kind
	}
	return code
}

func spelling(v value) string {
	switch v.kind {
	case records.Text:
		return v.text
	case records.TextList:
		return strings.Join(v.list, "\x00") + "\x00"
	case records.NumberList:
		var bits []byte
		for _, x := range v.vector {
			bits = binary.LittleEndian.AppendUint64(bits, math.Float64bits(x+0))
		}
		return string(bits)
	}
	return string(binary.LittleEndian.AppendUint64(nil, math.Float64bits(v.number+0)))
}

func (in *interner) column() *records.Column {
	c := &records.Column{Kind: max(in.kind, 0)}
	elements := map[string]int32{}
	for _, v := range in.values {
		switch c.Kind {
		case records.Text:
			c.Texts = append(c.Texts, v.text)
		case records.TextList:
			var list []int32
			for _, element := range v.list {
				if _, ok := elements[element]; !ok {
					elements[element] = int32(len(c.Elements))
					c.Elements = append(c.Elements, element)
				}
				list = append(list, elements[element])
			}
			c.Lists = append(c.Lists, list)
		default:
			c.Numbers = append(c.Numbers, v.number)
		}
	}
	return c
}

func (in *interner) count(c *records.Column) {
	c.Counts = make([]int32, len(in.values))
	for _, code := range c.Codes {
		if code >= 0 {
			c.Counts[code]++
			c.Known++
		}
	}
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

// inParallel splits 0..n between two goroutines when that is worth it.
func inParallel(n int, do func(from, to int)) {
	if n < 1<<15 {
		do(0, n)
		return
	}
	var both sync.WaitGroup
	both.Go(func() { do(0, n/2) })
	do(n/2, n)
	both.Wait()
}
