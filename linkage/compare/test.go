package compare

import (
	"slices"
	"strings"

	"tre/linkage/condition"
	"tre/linkage/records"
)

// test is a condition over a pair of records, compiled.
type test func(*pair) bool

// pair is the pair a worker looks at, and what the worker keeps for speed.
type pair struct {
	l, r     []int32 // codes of the two records, by place
	memos    []memo  // one a similarity
	position int     // of the pair in its batch, for what DuckDB judged
	judged   [][]bool
}

// holds compiles what must be so for a condition to be true; what is unknown is
// not true.
func (c *Compiler) holds(e *condition.Expr) (test, error) { return c.compile(e, true) }

// compile gives the test that the condition is true, or that it is false: in
// SQL's logic of three values these are two questions, and NOT turns one into
// the other.
func (c *Compiler) compile(e *condition.Expr, wanted bool) (test, error) {
	switch e.Kind {
	case condition.And, condition.Or:
		return c.several(e, wanted)
	case condition.Not:
		return c.compile(e.Args[0], !wanted)
	case condition.IsNull:
		return c.isNull(e.Args[0], wanted)
	}
	if left, right := sides(e); !left || !right {
		return c.oneSided(e, left, wanted)
	}
	switch e.Kind {
	case condition.Operator:
		return c.comparison(e, wanted)
	case condition.Call:
		if e.Name == "list_has_any" || e.Name == "array_has_any" {
			n, err := c.intersection(e.Args)
			return compared(n, constantNumber(1), ">=", wanted), err
		}
	}
	return nil, unsupported("a condition of this kind over both records")
}

// oneSided is a condition over one record, computed once a value.
func (c *Compiler) oneSided(e *condition.Expr, isLeft, wanted bool) (test, error) {
	o, err := c.operand(e)
	if err != nil {
		return nil, err
	}
	if o.Distinct() > 0 && o.Numbers == nil {
		return nil, unsupported("a text or a list as a condition")
	}
	at := c.place(o)
	answer := make([]bool, o.Distinct())
	for code := range answer {
		answer[code] = (o.Numbers[code] != 0) == wanted
	}
	if isLeft {
		return func(p *pair) bool { code := p.l[at]; return code >= 0 && answer[code] }, nil
	}
	return func(p *pair) bool { code := p.r[at]; return code >= 0 && answer[code] }, nil
}

// several is AND or OR: AND is true if all are, and false if any is false.
func (c *Compiler) several(e *condition.Expr, wanted bool) (test, error) {
	tests := make([]test, len(e.Args))
	for i, arg := range e.Args {
		var err error
		if tests[i], err = c.compile(arg, wanted); err != nil {
			return nil, err
		}
	}
	decides := (e.Kind == condition.Or) == wanted // one that holds is enough
	if len(tests) == 2 {
		a, b := tests[0], tests[1]
		if decides {
			return func(p *pair) bool { return a(p) || b(p) }, nil
		}
		return func(p *pair) bool { return a(p) && b(p) }, nil
	}
	return func(p *pair) bool {
		for _, t := range tests {
			if t(p) == decides {
				return decides
			}
		}
		return !decides
	}, nil
}

func (c *Compiler) isNull(e *condition.Expr, wanted bool) (test, error) {
	if left, right := sides(e); !left || !right {
		o, err := c.operand(e)
		if err != nil {
			return nil, err
		}
		at := c.place(o)
		if left {
			return func(p *pair) bool { return (p.l[at] < 0) == wanted }, nil
		}
		return func(p *pair) bool { return (p.r[at] < 0) == wanted }, nil
	}
	n, err := c.number(e)
	if err != nil {
		return nil, err
	}
	return func(p *pair) bool { _, isKnown := n(p); return isKnown != wanted }, nil
}

// comparison compiles a comparison of something of the left record with
// something of the right, or of numbers made of both.
func (c *Compiler) comparison(e *condition.Expr, wanted bool) (test, error) {
	a, b := e.Args[0], e.Args[1]
	al, ar := sides(a)
	bl, br := sides(b)
	if !(al && ar) && !(bl && br) {
		if t, ok, err := c.ofValues(e, ar, wanted); ok || err != nil {
			return t, err
		}
	}
	if t, ok, err := c.threshold(e, wanted); ok || err != nil {
		return t, err
	}
	x, err := c.number(a)
	if err != nil {
		return nil, err
	}
	y, err := c.number(b)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(comparisons(), e.Name) {
		return nil, unsupported("operator %s as a condition", e.Name)
	}
	return compared(x, y, e.Name, wanted), nil
}

func comparisons() []string { return []string{"=", "<>", "<", "<=", ">", ">="} }

// ofValues compares an expression of one record with one of the other where
// that is not a comparison of numbers; isTurned says that the right record's
// comes first.
func (c *Compiler) ofValues(e *condition.Expr, isTurned, wanted bool) (t test, ok bool, err error) {
	left, right, operator := e.Args[0], e.Args[1], e.Name
	if isTurned {
		left, right, operator = right, left, mirrored(operator)
	}
	if operator == "=" || operator == "<>" {
		t, err = c.equality(left, right, wanted == (operator == "="))
		return t, true, err
	}
	if !slices.Contains(comparisons(), operator) {
		return nil, false, nil
	}
	a, err := c.operand(left)
	if err != nil {
		return nil, false, err
	}
	b, err := c.operand(right)
	if err != nil {
		return nil, false, err
	}
	switch {
	case a.Distinct() == 0 || b.Distinct() == 0:
		return never, true, nil
	case a.Kind == records.Text && b.Kind == records.Text:
		return c.inOrder(a, b, operator, wanted), true, nil
	case a.Kind == records.Text || b.Kind == records.Text:
		return nil, false, unsupported("comparing a text with a number")
	}
	return nil, false, nil
}

// inOrder compares texts by their bytes, as DuckDB does.
func (c *Compiler) inOrder(a, b *Operand, operator string, wanted bool) test {
	all := slices.Sorted(slices.Values(slices.Concat(a.Texts, b.Texts)))
	rank := func(texts []string) []float64 {
		ranks := make([]float64, len(texts))
		for code, text := range texts {
			at, _ := slices.BinarySearch(all, text)
			ranks[code] = float64(at)
		}
		return ranks
	}
	lefts, rights := rank(a.Texts), rank(b.Texts)
	at, bt := c.place(a), c.place(b)
	return func(p *pair) bool {
		l, r := p.l[at], p.r[bt]
		return l >= 0 && r >= 0 && isSo(lefts[l], operator, rights[r]) == wanted
	}
}

// never is the test of a comparison with NULL.
func never(*pair) bool { return false }

// equality compares an expression of the left record with one of the right.
func (c *Compiler) equality(left, right *condition.Expr, wanted bool) (test, error) {
	a, err := c.operand(left)
	if err != nil {
		return nil, err
	}
	b, err := c.operand(right)
	if err != nil {
		return nil, err
	}
	at, bt := c.place(a), c.place(b)
	if a == b {
		return func(p *pair) bool { l, r := p.l[at], p.r[at]; return l >= 0 && r >= 0 && (l == r) == wanted }, nil
	}
	if a.Distinct() == 0 || b.Distinct() == 0 { // nothing is known, not even its type
		return never, nil
	}
	if (a.Kind == records.Text) != (b.Kind == records.Text) {
		return nil, unsupported("comparing a text with a number")
	}
	if c.isPlacing {
		return never, nil
	}
	same := sameValues(a.Column, b.Column)
	return func(p *pair) bool {
		l, r := p.l[at], p.r[bt]
		return l >= 0 && r >= 0 && (same[l] == r) == wanted
	}, nil
}

// sameValues gives, for each code of a, the code b has for the same value, or
// -2.
func sameValues(a, b *records.Column) []int32 {
	codes := make(map[string]int32, b.Distinct())
	for code := range int32(b.Distinct()) {
		codes[spelling(valueOf(b, code))] = code
	}
	same := make([]int32, a.Distinct())
	for code := range same {
		found, ok := codes[spelling(valueOf(a, int32(code)))]
		if !ok {
			found = -2
		}
		same[code] = found
	}
	return same
}

// compared compares two numbers of a pair.
func compared(a, b number, operator string, wanted bool) test {
	return func(p *pair) bool {
		x, xKnown := a(p)
		y, yKnown := b(p)
		return xKnown && yKnown && isSo(x, operator, y) == wanted
	}
}

func isSo(x float64, operator string, y float64) bool {
	switch operator {
	case "=":
		return x == y || x != x && y != y
	case "<>":
		return !isSo(x, "=", y)
	case "<":
		return isLess(x, y)
	case "<=":
		return !isLess(y, x)
	case ">":
		return isLess(y, x)
	}
	return !isLess(x, y)
}

// isLess orders numbers as DuckDB does: what is no number (0/0) is above all
// others.
func isLess(x, y float64) bool { return x < y || y != y && x == x }

// mirrored is the operator with its sides exchanged.
func mirrored(operator string) string {
	if operator == "<>" {
		return operator
	}
	return strings.NewReplacer("<", ">", ">", "<").Replace(operator)
}
