package compare

import (
	"slices"

	"tre/linkage/condition"
	"tre/linkage/records"
)

// Placed is an expression over one record whose codes stand in the matrix of
// codes, as a keeper of codes stores it between runs.
type Placed struct {
	Keys   []string        // the expressions as printed that mean it, sorted
	Base   string          // the one column it is made of; "" for several
	Column *records.Column // its dictionary, and its codes by row of the compiler's table
	Of     []int32         // of an expression of one column: by value of the column, the code
	OfNull int32           // the code of a record whose column is NULL; -1 for none
}

// Placed gives what has been placed so far, in the order of the matrix. The
// order depends on the model and on the calls made, not on the records.
func (c *Compiler) Placed() []Placed {
	out := make([]Placed, len(c.placed))
	for at, o := range c.placed {
		out[at] = Placed{Base: o.base, Column: o.Column, Of: o.of, OfNull: o.ofNull}
	}
	for key, o := range c.operands {
		if o.place >= 0 {
			out[o.place].Keys = append(out[o.place].Keys, key)
		}
	}
	for at := range out {
		slices.Sort(out[at].Keys)
	}
	return out
}

// Restore offers an expression that was compiled before over other rows, so that
// it is not computed again; its codes are by row of the compiler's own table, and
// are not needed if the plan is to have no rows. It must come before anything
// that reads the expression.
func (c *Compiler) Restore(p Placed) {
	o := &Operand{Column: p.Column, of: p.Of, base: p.Base, ofNull: p.OfNull, place: -1}
	for _, key := range p.Keys {
		c.operands[key] = o
	}
}

// PlaceExpression makes sure that the codes of an expression over one record
// are in the matrix, and says where.
func (c *Compiler) PlaceExpression(e *condition.Expr) (int, error) {
	o, err := c.operand(e)
	if err != nil {
		return 0, err
	}
	return c.place(o), nil
}

// Stride is the number of codes a row of the matrix has.
func (p *Plan) Stride() int { return p.stride }

// Codes gives the matrix of codes, row by row.
func (p *Plan) Codes() []int32 { return p.codes }

// Lay replaces the matrix of codes. The caller may change rows of it between
// two pairs.
func (p *Plan) Lay(codes []int32) { p.codes = codes }
