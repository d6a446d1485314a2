package compare

import (
	"tre/linkage/condition"
	"tre/linkage/model"
	kernel "tre/linkage/similarity"
)

// ShapeKind is what a level's condition asks of two values of one column.
type ShapeKind int8

// The kinds of levels whose pairs can be counted without looking at every pair
// of values.
const (
	ShapeNull  ShapeKind = iota // either value is null, as it stands or transformed
	ShapeEqual                  // the values, or something made of each, are equal
	ShapeRange                  // numbers made of the values differ by at most a limit
	ShapeNear                   // texts made of the values are similar
	ShapeElse
)

// Shape is a comparison of one column, as counting by value frequencies sees it.
type Shape struct {
	Values int
	First  []int32      // by value: a row that holds it
	IsNull []bool       // by value: whether the null level takes it
	Levels []LevelShape // by level

	itself []int32 // by value: the value
}

// LevelShape is one level of a Shape.
type LevelShape struct {
	Kind    ShapeKind
	Key     []int32   // ShapeEqual: by value, what must be equal; -1 never is
	Numbers []float64 // ShapeRange: by value
	Known   []bool    // ShapeRange: by value, whether the number is known
	Limit   float64   // ShapeRange: the largest difference, included
	Near    *Near     // ShapeNear
	Least   float64   // ShapeNear: the least similarity, or the largest distance

	operand *Operand // ShapeEqual and ShapeRange: what makes keys or numbers
}

// Near is a similarity of texts made of the values.
type Near struct {
	Texts         []kernel.Text // the distinct texts
	Of            []int32       // by value: its text, or -1
	IsJaro        bool
	IsJaroWinkler bool
	IsDamerau     bool // with IsDistance: transpositions count as one edit
	IsDistance    bool // Levenshtein or Damerau-Levenshtein
	similarity    *similarity
}

// mostEdits is up to which distance texts are joined.
const mostEdits = 2

// Shape gives the shape of a comparison compiled before, or false: it reads
// several columns, or a condition is of none of the kinds.
func (c *Compiler) Shape(at int, m *model.Comparison) (*Shape, bool) {
	s, ok := c.shape(at, m)
	if !ok {
		return nil, false
	}
	s.First = firstRows(c.placed[c.comparisons[at].base])
	for i := range s.Levels {
		if l := &s.Levels[i]; l.Kind == ShapeRange {
			l.Numbers, l.Known = s.numbers(l.operand)
		}
	}
	return s, true
}

// shape leaves out what only counting by frequencies needs: First and the
// numbers of ranges.
func (c *Compiler) shape(at int, m *model.Comparison) (*Shape, bool) {
	comparison := c.comparisons[at]
	if comparison.base < 0 {
		return nil, false
	}
	base := c.placed[comparison.base]
	s := &Shape{Values: base.Distinct(), IsNull: make([]bool, base.Distinct())}
	nears := map[*similarity]*Near{}
	for i := range m.Levels {
		level, ok := c.levelShape(s, &m.Levels[i], nears)
		if !ok {
			return nil, false
		}
		s.Levels = append(s.Levels, level)
	}
	return s, true
}

func firstRows(o *Operand) []int32 {
	first := make([]int32, o.Distinct())
	for i := range first {
		first[i] = -1
	}
	for row, code := range o.Codes {
		if code >= 0 && first[code] < 0 {
			first[code] = int32(row)
		}
	}
	return first
}

func (c *Compiler) levelShape(s *Shape, level *model.Level, nears map[*similarity]*Near) (LevelShape, bool) {
	e := level.Test
	switch {
	case level.IsElse:
		return LevelShape{Kind: ShapeElse}, true
	case e == nil:
		return LevelShape{}, false
	case level.IsNull:
		return LevelShape{Kind: ShapeNull}, len(s.Levels) == 0 && isOfBothSides(e) && c.nullShape(s, e)
	case e.Kind != condition.Operator || len(e.Args) != 2:
		return LevelShape{}, false
	case e.Name == "=":
		return c.equalShape(s, e)
	}
	if shape, ok := c.nearShape(s, e, nears); ok {
		return shape, true
	}
	return c.rangeShape(s, e)
}

// isOfBothSides says that each expression a null level asks about is asked about
// on both sides.
func isOfBothSides(e *condition.Expr) bool {
	tests := []*condition.Expr{e}
	if e.Kind == condition.Or {
		tests = e.Args
	}
	sidesOf := map[string]int{}
	for _, t := range tests {
		left, right := sides(t)
		for side, isThere := range []bool{left, right} {
			if isThere {
				sidesOf[withoutSides(t).String()] |= 1 << side
			}
		}
	}
	for _, both := range sidesOf {
		if both != 3 {
			return false
		}
	}
	return true
}

// nullShape takes "x IS NULL OR y IS NULL …", each of one record.
func (c *Compiler) nullShape(s *Shape, e *condition.Expr) bool {
	switch e.Kind {
	case condition.Or:
		for _, arg := range e.Args {
			if !c.nullShape(s, arg) {
				return false
			}
		}
		return true
	case condition.IsNull:
		o, err := c.operand(e.Args[0])
		if left, right := sides(e); err != nil || left == right || o.ofNull >= 0 {
			return false
		}
		for value, code := range o.of {
			s.IsNull[value] = s.IsNull[value] || code < 0
		}
		return true
	}
	return false
}

// sameOfBoth gives the operand when both arguments are the same expression, one
// a side.
func (c *Compiler) sameOfBoth(a, b *condition.Expr) (*Operand, bool) {
	al, ar := sides(a)
	bl, br := sides(b)
	if al == ar || bl == br || al == bl {
		return nil, false
	}
	x, err := c.operand(a)
	if err != nil {
		return nil, false
	}
	y, err := c.operand(b)
	return x, err == nil && x == y && x.ofNull < 0
}

// codes gives an operand's code by value of the column.
func (s *Shape) codes(o *Operand) []int32 {
	if o.of != nil {
		return o.of
	}
	if s.itself == nil {
		s.itself = make([]int32, s.Values)
		for value := range s.itself {
			s.itself[value] = int32(value)
		}
	}
	return s.itself
}

// numbers gives an operand's numbers by value of the column.
func (s *Shape) numbers(o *Operand) (numbers []float64, known []bool) {
	numbers, known = make([]float64, s.Values), make([]bool, s.Values)
	for value, code := range s.codes(o) {
		if code >= 0 {
			numbers[value], known[value] = o.Numbers[code], true
		}
	}
	return numbers, known
}

func (c *Compiler) equalShape(s *Shape, e *condition.Expr) (LevelShape, bool) {
	o, ok := c.sameOfBoth(e.Args[0], e.Args[1])
	if !ok {
		return LevelShape{}, false
	}
	return LevelShape{Kind: ShapeEqual, Key: s.codes(o), operand: o}, true
}

// rangeShape takes abs(x - y) <= limit.
func (c *Compiler) rangeShape(s *Shape, e *condition.Expr) (LevelShape, bool) {
	difference, limit := e.Args[0], e.Args[1]
	if e.Name != "<=" || limit.Kind != condition.Number || difference.Kind != condition.Call || difference.Name != "abs" || len(difference.Args) != 1 {
		return LevelShape{}, false
	}
	minus := difference.Args[0]
	if minus.Kind != condition.Operator || minus.Name != "-" || len(minus.Args) != 2 {
		return LevelShape{}, false
	}
	o, ok := c.sameOfBoth(minus.Args[0], minus.Args[1])
	if !ok || o.Numbers == nil {
		return LevelShape{}, false
	}
	return LevelShape{Kind: ShapeRange, Limit: limit.Number, operand: o}, true
}

// nearShape takes a similarity of at least, or a distance of at most, a
// constant.
func (c *Compiler) nearShape(s *Shape, e *condition.Expr, nears map[*similarity]*Near) (LevelShape, bool) {
	call, constant := e.Args[0], e.Args[1]
	if call.Kind != condition.Call || constant.Kind != condition.Number || len(call.Args) != 2 {
		return LevelShape{}, false
	}
	m, ok := similarityOf(call.Name)
	if !ok || m == jaccard || (m.isDistance() && (e.Name != "<=" || constant.Number > mostEdits || constant.Number < 1)) ||
		(!m.isDistance() && (e.Name != ">=" || constant.Number <= 0.5)) {
		return LevelShape{}, false
	}
	if _, ok := c.sameOfBoth(call.Args[0], call.Args[1]); !ok {
		return LevelShape{}, false
	}
	found, err := c.similarity(m, call.Args[0], call.Args[1])
	if err != nil {
		return LevelShape{}, false
	}
	if nears[found] == nil {
		nears[found] = &Near{Texts: found.texts.symbols, Of: s.codes(found.left), IsJaro: m == jaro, IsJaroWinkler: m == jaroWinkler,
			IsDamerau: m == damerau, IsDistance: m.isDistance(), similarity: found}
	}
	return LevelShape{Kind: ShapeNear, Near: nears[found], Least: constant.Number}, true
}

// Reaches says that two values are at least as similar, or at most as far
// apart.
func (n *Near) Reaches(x, y int32, least float64) bool {
	a, b := n.Of[x], n.Of[y]
	if a < 0 || b < 0 {
		return false
	}
	s := n.similarity.measure.plain(n.Texts[a], n.Texts[b])
	if n.IsDistance {
		return s <= least
	}
	return s >= least
}
