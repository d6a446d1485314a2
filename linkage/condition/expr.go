// Package condition reads the SQL conditions of a linkage model: those of
// comparison levels, over columns named after both sides of a pair ("dob_l" =
// "dob_r"), and those of blocking rules, over two relations (l.dob = r.dob).
//
// A condition becomes a tree that package compare turns into native code. What
// the parser does not know is Unsupported, which is not an error of the model:
// DuckDB can still evaluate the text, slowly.
package condition

// Side says which record of a pair a column is read from.
type Side int8

// The sides. A literal, and an operation over both records, have none.
const (
	Neither Side = iota
	Left
	Right
)

// Kind is what a node of a condition is.
type Kind string

// The kinds of nodes, and what they keep where.
const (
	Column    Kind = "column"    // Name without _l or _r, Side
	Text      Kind = "text"      // Text
	Number    Kind = "number"    // Number, and Text as written
	Boolean   Kind = "boolean"   // Number 1 or 0
	Null      Kind = "null"      //
	And       Kind = "and"       // Args, two or more
	Or        Kind = "or"        // Args, two or more
	Not       Kind = "not"       // Args[0]
	IsNull    Kind = "is null"   // Args[0]; IS NOT NULL is Not around it
	Operator  Kind = "operator"  // Name is one of = <> < <= > >= + - * / || and unary "neg"; Args
	Call      Kind = "call"      // Name in lower case; Args
	Cast      Kind = "cast"      // Name is the type in upper case; Args[0]; TRY_CAST is Call "try_cast" around nothing else
	Case      Kind = "case"      // Args: when, then, when, then, …, else (Null when there is none)
	Subscript Kind = "subscript" // Args[0][Args[1]]
	List      Kind = "list"      // [Args…]
	Lambda    Kind = "lambda"    // Name -> Args[0]
	Parameter Kind = "parameter" // Name of a lambda's parameter
)

// Expr is a node of a condition. Trees are not changed once made.
type Expr struct {
	Kind   Kind
	Name   string
	Side   Side
	Text   string
	Number float64
	Args   []*Expr
}
