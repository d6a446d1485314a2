package compare

import (
	"math"
	"slices"
	"strings"

	"tre/linkage/condition"
	"tre/linkage/records"
)

// number computes a number from a pair; false is NULL.
type number func(*pair) (n float64, isKnown bool)

func constantNumber(n float64) number { return func(*pair) (float64, bool) { return n, true } }

// number compiles an expression over both records that gives a number.
func (c *Compiler) number(e *condition.Expr) (number, error) {
	left, right := sides(e)
	switch {
	case e.Kind == condition.Number:
		return constantNumber(e.Number), nil
	case !left || !right:
		return c.numberOfOne(e, left)
	case e.Kind == condition.Operator:
		return c.calculation(e)
	case e.Kind == condition.Cast:
		return c.castNumber(e)
	case e.Kind == condition.Case:
		return c.numberCase(e)
	case e.Kind == condition.Call:
		return c.numberCall(e)
	}
	return nil, unsupported("a number of this kind over both records")
}

// numberOfOne is a number of one record: an operand's. A text counts as the
// time or the number it spells.
func (c *Compiler) numberOfOne(e *condition.Expr, isLeft bool) (number, error) {
	o, err := c.operand(e)
	if err != nil {
		return nil, err
	}
	if o.Kind == records.TextList || o.Kind == records.NumberList {
		return nil, unsupported("a list as a number")
	}
	at := c.place(o)
	if c.isPlacing {
		return constantNumber(0), nil
	}
	if o.Kind == records.Text {
		return numberInText(o, at, isLeft), nil
	}
	numbers := o.Numbers
	return func(p *pair) (float64, bool) {
		code := p.r[at]
		if isLeft {
			code = p.l[at]
		}
		if code < 0 {
			return 0, false
		}
		return numbers[code], true
	}, nil
}

func numberInText(o *Operand, at int, isLeft bool) number {
	numbers, known := make([]float64, o.Distinct()), make([]bool, o.Distinct())
	for code, text := range o.Texts {
		v := castNumber(textOf(text))
		numbers[code], known[code] = v.number, v.isKnown
	}
	return func(p *pair) (float64, bool) {
		code := p.r[at]
		if isLeft {
			code = p.l[at]
		}
		if code < 0 {
			return 0, false
		}
		return numbers[code], known[code]
	}
}

func (c *Compiler) numbers(args []*condition.Expr) ([]number, error) {
	compiled := make([]number, len(args))
	for i, arg := range args {
		var err error
		if compiled[i], err = c.number(arg); err != nil {
			return nil, err
		}
	}
	return compiled, nil
}

func (c *Compiler) calculation(e *condition.Expr) (number, error) {
	if c.calculatesWithTimes(e) {
		return nil, unsupported("calculating with dates or times")
	}
	args, err := c.numbers(e.Args)
	if err != nil {
		return nil, err
	}
	if e.Name == "neg" {
		return func(p *pair) (float64, bool) { n, known := args[0](p); return -n, known }, nil
	}
	a, b := args[0], args[1]
	calculate, ok := map[string]func(x, y float64) (float64, bool){
		"+": func(x, y float64) (float64, bool) { return x + y, true },
		"-": func(x, y float64) (float64, bool) { return x - y, true },
		"*": func(x, y float64) (float64, bool) { return x * y, true },
		"/": func(x, y float64) (float64, bool) { return x / y, true },
	}[e.Name]
	if !ok {
		return nil, unsupported("operator %s as a number", e.Name)
	}
	return func(p *pair) (float64, bool) {
		x, xKnown := a(p)
		y, yKnown := b(p)
		if !xKnown || !yKnown {
			return 0, false
		}
		return calculate(x, y)
	}, nil
}

func (c *Compiler) castNumber(e *condition.Expr) (number, error) {
	n, err := c.number(e.Args[0])
	if err != nil {
		return nil, err
	}
	switch strings.ToUpper(e.Name) {
	case "DOUBLE":
		return n, nil
	case "FLOAT", "REAL":
		return func(p *pair) (float64, bool) { x, known := n(p); return float64(float32(x)), known }, nil
	}
	return nil, unsupported("a cast to %s of a number made of both records", e.Name)
}

func (c *Compiler) numberCase(e *condition.Expr) (number, error) {
	var when []test
	var then []number
	for i, arg := range e.Args {
		if i%2 == 0 && i+1 < len(e.Args) {
			t, err := c.holds(arg)
			if err != nil {
				return nil, err
			}
			when = append(when, t)
			continue
		}
		if arg.Kind == condition.Null {
			then = append(then, func(*pair) (float64, bool) { return 0, false })
			continue
		}
		n, err := c.number(arg)
		if err != nil {
			return nil, err
		}
		then = append(then, n)
	}
	return func(p *pair) (float64, bool) {
		for i, t := range when {
			if t(p) {
				return then[i](p)
			}
		}
		return then[len(then)-1](p)
	}, nil
}

func (c *Compiler) numberCall(e *condition.Expr) (number, error) {
	if kind, ok := similarityOf(e.Name); ok && len(e.Args) == 2 {
		s, err := c.similarity(kind, e.Args[0], e.Args[1])
		if err != nil {
			return nil, err
		}
		s.isExact = true
		return s.number(), nil
	}
	switch e.Name {
	case "array_cosine_similarity", "list_cosine_similarity":
		return c.cosine(e.Args)
	case "array_length", "len", "list_count":
		if inner := e.Args[0]; len(e.Args) == 1 && inner.Kind == condition.Call && (inner.Name == "list_intersect" || inner.Name == "array_intersect") {
			return c.intersection(inner.Args)
		}
	case "list_max", "list_min":
		return c.pairwise(e)
	case "least", "greatest":
		return c.extreme(e)
	}
	f, ok := numberFunctions()[e.Name]
	if !ok || len(e.Args) != 1 {
		return nil, unsupported("function %s over both records", e.Name)
	}
	n, err := c.number(e.Args[0])
	if err != nil {
		return nil, err
	}
	return func(p *pair) (float64, bool) {
		x, known := n(p)
		if !known {
			return 0, false
		}
		return f(x), true
	}, nil
}

// extreme is LEAST or GREATEST, which leave NULL out.
func (c *Compiler) extreme(e *condition.Expr) (number, error) {
	args, err := c.numbers(e.Args)
	if err != nil {
		return nil, err
	}
	better := math.Min
	if e.Name == "greatest" {
		better = math.Max
	}
	return func(p *pair) (best float64, any bool) {
		for _, arg := range args {
			n, known := arg(p)
			switch {
			case known && any:
				best = better(best, n)
			case known:
				best, any = n, true
			}
		}
		return best, any
	}, nil
}

// calculatesWithTimes says that somewhere in an expression dates or times are
// added or subtracted, which gives days or intervals, not seconds.
func (c *Compiler) calculatesWithTimes(e *condition.Expr) bool {
	isNumeric := e.Kind == condition.Operator && slices.Contains([]string{"+", "-", "*", "/", "neg"}, e.Name)
	return slices.ContainsFunc(e.Args, func(arg *condition.Expr) bool {
		return isNumeric && c.isOfTime(arg) || c.calculatesWithTimes(arg)
	})
}

func (c *Compiler) isOfTime(e *condition.Expr) bool {
	switch {
	case e.Kind == condition.Column:
		column := c.table.Column(e.Name)
		return column != nil && (column.Kind == records.Date || column.Kind == records.Timestamp)
	case e.Kind == condition.Cast:
		return strings.EqualFold(e.Name, "DATE") || strings.EqualFold(e.Name, "TIMESTAMP")
	case e.Kind == condition.Call:
		return e.Name == "strptime" || e.Name == "try_strptime"
	}
	return false
}
