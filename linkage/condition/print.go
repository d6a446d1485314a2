package condition

import (
	"strconv"
	"strings"
)

// String prints the condition as SQL over "name_l" and "name_r", with all
// names quoted and brackets around every operand that is itself an operation.
// ParseLevel reads it back to the same tree.
func (e *Expr) String() string { return e.DuckDB("", "") }

// Rule prints the condition as SQL over l."name" and r."name". ParseRule reads
// it back to the same tree.
func (e *Expr) Rule() string { return e.DuckDB("l", "r") }

// DuckDB prints the condition for DuckDB, with columns of two relations that
// have the given aliases or, when both are empty, of one relation that has
// "name_l" and "name_r".
func (e *Expr) DuckDB(left, right string) string {
	return e.Print(func(r Reference) string { return columnName(r, left, right) })
}

func columnName(r Reference, left, right string) string {
	switch {
	case r.Side == Neither:
		return quote(r.Name)
	case left == "" && right == "":
		return quote(r.Name + suffix(r.Side))
	case r.Side == Left:
		return left + "." + quote(r.Name)
	}
	return right + "." + quote(r.Name)
}

func suffix(s Side) string {
	if s == Left {
		return "_l"
	}
	return "_r"
}

func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// Print prints the condition as SQL with every column printed by the caller.
func (e *Expr) Print(column func(Reference) string) string {
	p := printer{column: column}
	p.print(e)
	return p.String()
}

type printer struct {
	strings.Builder
	column func(Reference) string
}

func (p *printer) print(e *Expr) {
	switch e.Kind {
	case Column:
		p.WriteString(p.column(Reference{e.Name, e.Side}))
	case Parameter:
		p.WriteString(quote(e.Name))
	case Text:
		p.WriteString("'" + strings.ReplaceAll(e.Text, "'", "''") + "'")
	case Number:
		p.WriteString(numberText(e))
	case Boolean:
		p.WriteString(strings.ToUpper(strconv.FormatBool(e.Number != 0)))
	case Null:
		p.WriteString("NULL")
	case And:
		p.joined(e.Args, " AND ")
	case Or:
		p.joined(e.Args, " OR ")
	case Not:
		p.WriteString("NOT ")
		p.operand(e.Args[0])
	case IsNull:
		p.operand(e.Args[0])
		p.WriteString(" IS NULL")
	case Operator:
		p.operator(e)
	case Call:
		p.call(e)
	case Cast:
		p.WriteString("CAST")
		p.castBody(e)
	case Case:
		p.cases(e)
	case Subscript:
		p.operand(e.Args[0])
		p.list("[", e.Args[1:], "]")
	case List:
		p.list("[", e.Args, "]")
	case Lambda:
		p.WriteString(quote(e.Name) + " -> ")
		p.operand(e.Args[0])
	}
}

// numberText gives a number as it was written, or the shortest text that reads
// back as the same number.
func numberText(e *Expr) string {
	if e.Text != "" {
		return e.Text
	}
	return strconv.FormatFloat(e.Number, 'g', -1, 64)
}

// operand prints what an operator or a suffix is applied to.
func (p *printer) operand(e *Expr) {
	bare := true
	switch e.Kind {
	case And, Or, Not, IsNull, Operator, Case, Lambda:
		bare = false
	case Call:
		bare = !isLike(e)
	}
	p.bracketed(e, !bare)
}

func (p *printer) bracketed(e *Expr, brackets bool) {
	if brackets {
		p.WriteByte('(')
	}
	p.print(e)
	if brackets {
		p.WriteByte(')')
	}
}

func (p *printer) joined(args []*Expr, word string) {
	for i, a := range args {
		if i > 0 {
			p.WriteString(word)
		}
		p.bracketed(a, a.Kind == And || a.Kind == Or || a.Kind == Not)
	}
}

func (p *printer) operator(e *Expr) {
	if e.Name == "neg" {
		p.WriteByte('-')
		p.operand(e.Args[0])
		return
	}
	p.operand(e.Args[0])
	p.WriteString(" " + e.Name + " ")
	p.operand(e.Args[1])
}

func isLike(e *Expr) bool { return e.Name == "like" || e.Name == "ilike" }

func (p *printer) call(e *Expr) {
	switch {
	case isLike(e):
		p.operand(e.Args[0])
		p.WriteString(" " + strings.ToUpper(e.Name) + " ")
		p.operand(e.Args[1])
	case e.Name == "try_cast":
		p.WriteString("TRY_CAST")
		p.castBody(e.Args[0])
	default:
		p.list(e.Name+"(", e.Args, ")")
	}
}

func (p *printer) castBody(e *Expr) {
	p.WriteByte('(')
	p.print(e.Args[0])
	p.WriteString(" AS " + e.Name + ")")
}

func (p *printer) list(opening string, args []*Expr, closing string) {
	p.WriteString(opening)
	for i, a := range args {
		if i > 0 {
			p.WriteString(", ")
		}
		p.print(a)
	}
	p.WriteString(closing)
}

func (p *printer) cases(e *Expr) {
	p.WriteString("CASE")
	last := len(e.Args) - 1
	for i := 0; i < last; i += 2 {
		p.WriteString(" WHEN ")
		p.print(e.Args[i])
		p.WriteString(" THEN ")
		p.print(e.Args[i+1])
	}
	p.WriteString(" ELSE ")
	p.print(e.Args[last])
	p.WriteString(" END")
}
