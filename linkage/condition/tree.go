package condition

import (
	"slices"
	"strings"
)

// Reference is a column of one side.
type Reference struct {
	Name string // without _l or _r, in the case it was first written in
	Side Side
}

// Columns gives every column of the condition with its side, once, in the
// order of the text. DuckDB ignores the case of names; so should who looks the
// columns up.
func (e *Expr) Columns() []Reference {
	var found []Reference
	e.Walk(func(n *Expr) {
		r := Reference{n.Name, n.Side}
		if n.Kind == Column && !slices.Contains(found, r) {
			found = append(found, r)
		}
	})
	return found
}

// Names gives every column of the condition once, whatever the side, in the
// order of the text.
func (e *Expr) Names() []string {
	var names []string
	for _, r := range e.Columns() {
		if !slices.Contains(names, r.Name) {
			names = append(names, r.Name)
		}
	}
	return names
}

// Conjuncts gives the conditions that a top-level AND joins, or the condition
// itself.
func (e *Expr) Conjuncts() []*Expr {
	if e.Kind == And {
		return e.Args
	}
	return []*Expr{e}
}

// ExactMatch gives the columns that must be equal on both sides when the
// condition says nothing else: "a_l" = "a_r" AND "b_l" = "b_r". For any other
// condition it gives nil.
func (e *Expr) ExactMatch() []string {
	var columns []string
	for _, c := range e.Conjuncts() {
		if c.Kind != Operator || c.Name != "=" {
			return nil
		}
		l, r := c.Args[0], c.Args[1]
		if l.Kind != Column || r.Kind != Column || !strings.EqualFold(l.Name, r.Name) || l.Side == r.Side {
			return nil
		}
		columns = append(columns, l.Name)
	}
	return columns
}

// Walk calls visit for the node and all below it, in the order of the text.
func (e *Expr) Walk(visit func(*Expr)) {
	visit(e)
	for _, a := range e.Args {
		a.Walk(visit)
	}
}

// Equal says whether two trees are the same. How a number is written does not
// matter.
func Equal(a, b *Expr) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Kind != b.Kind || a.Name != b.Name || a.Side != b.Side || a.Number != b.Number {
		return false
	}
	if a.Kind != Number && a.Text != b.Text {
		return false
	}
	return slices.EqualFunc(a.Args, b.Args, Equal)
}

func (e *Expr) size() int {
	size := 0
	e.Walk(func(*Expr) { size++ })
	return size
}

func (e *Expr) height() int {
	height := 0
	for _, a := range e.Args {
		height = max(height, a.height())
	}
	return height + 1
}

func operator(name string, args ...*Expr) *Expr {
	return &Expr{Kind: Operator, Name: name, Args: args}
}

func call(name string, args ...*Expr) *Expr {
	return &Expr{Kind: Call, Name: name, Args: args}
}

func negate(e *Expr) *Expr { return &Expr{Kind: Not, Args: []*Expr{e}} }

func boolean(value bool) *Expr {
	e := &Expr{Kind: Boolean}
	if value {
		e.Number = 1
	}
	return e
}

// join makes one AND or OR of two conditions, of which either may be one
// already and the first may be missing.
func join(kind Kind, a, b *Expr) *Expr {
	if a == nil {
		return b
	}
	var args []*Expr
	for _, e := range []*Expr{a, b} {
		if e.Kind == kind {
			args = append(args, e.Args...)
		} else {
			args = append(args, e)
		}
	}
	return &Expr{Kind: kind, Args: args}
}
