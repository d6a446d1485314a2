package block

import (
	"errors"
	"slices"

	"tre/linkage/compare"
	"tre/linkage/condition"
)

// key is one equality: the codes of an expression by row, for the left record
// and for the right one.
type key struct {
	left, right []int32 // -1 is null; the same slice when both sides read one expression
	distinct    int
}

func (k key) isSymmetric() bool { return len(k.left) == 0 || &k.left[0] == &k.right[0] }

// element is an array column of which any element may agree.
type element struct {
	of       func(row int32) []int32
	distinct int
}

// addKey takes an equality of an expression of the left record with one of the
// right; anything else is left to be a filter.
func (p *part) addKey(c *compare.Compiler, explode []string, e *condition.Expr) (bool, error) {
	if e.Kind != condition.Operator || e.Name != "=" {
		return false, nil
	}
	left, right, ok := oneEach(e)
	if !ok {
		return false, nil
	}
	if left.Kind == condition.Column && slices.Contains(explode, left.Name) && right.Kind == condition.Column && right.Name == left.Name {
		of, distinct, err := c.Lists(left)
		if err != nil {
			return false, err
		}
		p.elements = append(p.elements, element{of, distinct})
		return true, nil
	}
	k, err := keyOf(c, left, right)
	if _, isSlow := errors.AsType[*condition.Unsupported](err); isSlow {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	p.keys = append(p.keys, k)
	return true, nil
}

// keyOf makes a key of two expressions; the codes of both are those of the
// right one.
func keyOf(c *compare.Compiler, left, right *condition.Expr) (key, error) {
	codes, _, err := c.Codes(left)
	if err != nil {
		return key{}, err
	}
	others, distinct, err := c.Codes(right)
	if err != nil {
		return key{}, err
	}
	same, err := c.SameCodes(left, right)
	if err != nil {
		return key{}, err
	}
	if same == nil {
		return key{left: others, right: others, distinct: distinct}, nil
	}
	renamed := make([]int32, len(codes))
	for row, code := range codes {
		renamed[row] = -1
		if code >= 0 {
			renamed[row] = max(same[code], -1)
		}
	}
	return key{left: renamed, right: others, distinct: distinct}, nil
}

// oneEach gives the sides of an equality, the left record's first.
func oneEach(e *condition.Expr) (left, right *condition.Expr, ok bool) {
	a, b := e.Args[0], e.Args[1]
	switch {
	case onlySide(a, condition.Left) && onlySide(b, condition.Right):
		return a, b, true
	case onlySide(a, condition.Right) && onlySide(b, condition.Left):
		return b, a, true
	}
	return nil, nil, false
}

// onlySide says that an expression reads columns of this side, and of no other.
func onlySide(e *condition.Expr, side condition.Side) bool {
	found := false
	var walk func(*condition.Expr) bool
	walk = func(e *condition.Expr) bool {
		if e.Kind == condition.Column {
			found = found || e.Side == side
			return e.Side == side
		}
		for _, arg := range e.Args {
			if !walk(arg) {
				return false
			}
		}
		return true
	}
	return walk(e) && found
}
