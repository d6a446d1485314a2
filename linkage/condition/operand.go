package condition

import "strings"

// operand reads what needs no operator: a literal, a column, a call, CASE or
// CAST.
func (p *parser) operand() (*Expr, error) {
	t := p.take()
	switch t.kind {
	case number:
		return parseNumber(t)
	case text:
		return &Expr{Kind: Text, Text: t.value}, nil
	case quoted:
		return p.name(t)
	case word:
		return p.word(t)
	case end:
		return nil, unsupported(t, "the condition ends too early")
	}
	return nil, unsupported(t, "expected a column, a value or a function")
}

func (p *parser) word(t token) (*Expr, error) {
	after := p.peek()
	switch {
	case after.is("."), p.isParameter(t):
		return p.name(t)
	case t.isWord("true", "false"):
		return boolean(t.value == "true"), nil
	case t.isWord("null"):
		return &Expr{Kind: Null}, nil
	case t.isWord("case"):
		return p.cases()
	case t.isWord("cast", "try_cast") && after.is("("):
		return p.cast(t)
	case t.isWord("date", "timestamp") && after.kind == text:
		p.take()
		literal := &Expr{Kind: Text, Text: after.value}
		return &Expr{Kind: Cast, Name: strings.ToUpper(t.value), Args: []*Expr{literal}}, nil
	case t.isWord("array") && after.is("["):
		return p.list()
	case reserved(t.value):
		return nil, unsupported(t, "a word of SQL that is not known here")
	case after.is("("):
		return p.call(t)
	}
	return p.name(t)
}

// reserved says whether an unquoted word can be neither a column nor a
// function.
func reserved(w string) bool {
	switch w {
	case "and", "or", "not", "is", "in", "between", "like", "ilike", "when", "then", "else", "end", "as", "from",
		"select", "where", "exists", "any", "all", "some", "distinct", "interval", "collate", "similar", "glob",
		"lambda", "over", "filter", "position", "overlay", "row", "escape", "isnull", "notnull":
		return true
	}
	return false
}

func (p *parser) isParameter(t token) bool {
	for _, name := range p.parameters {
		if strings.EqualFold(t.value, name) {
			return true
		}
	}
	return false
}

// name reads a column in the form of the text, or the parameter of a lambda.
func (p *parser) name(t token) (*Expr, error) {
	if p.peek().is(".") {
		return p.qualified(t)
	}
	if p.isParameter(t) {
		return &Expr{Kind: Parameter, Name: strings.ToLower(t.value)}, nil
	}
	name := identifier(t)
	if p.form == plainForm {
		return &Expr{Kind: Column, Name: name}, nil
	}
	base, side := splitSide(name)
	switch {
	case p.form == ruleForm:
		return nil, unsupported(t, "a column without l. or r. before it")
	case side == Neither:
		return nil, unsupported(t, "a column whose name ends neither in _l nor in _r")
	}
	return &Expr{Kind: Column, Name: base, Side: side}, nil
}

func (p *parser) qualified(t token) (*Expr, error) {
	side := aliasSide(t.value)
	if p.form != ruleForm || side == Neither {
		return nil, unsupported(t, "a name with a dot")
	}
	p.take()
	column := p.take()
	if column.kind != word && column.kind != quoted {
		return nil, unsupported(column, "expected a column")
	}
	if p.peek().is(".", "(") {
		return nil, unsupported(p.peek(), "something other than a column after l. or r.")
	}
	return &Expr{Kind: Column, Name: identifier(column), Side: side}, nil
}

// identifier gives a name as written: DuckDB keeps its case and ignores case
// when it looks it up.
func identifier(t token) string {
	if t.kind == quoted {
		return t.value
	}
	return t.written
}

// aliasSide gives the side of the relation l or r.
func aliasSide(alias string) Side {
	switch strings.ToLower(alias) {
	case "l":
		return Left
	case "r":
		return Right
	}
	return Neither
}

// splitSide takes _l or _r off the end of a name.
func splitSide(name string) (base string, side Side) {
	if len(name) < 3 {
		return name, Neither
	}
	base = name[:len(name)-2]
	switch strings.ToLower(name[len(name)-2:]) {
	case "_l":
		return base, Left
	case "_r":
		return base, Right
	}
	return name, Neither
}

func (p *parser) call(t token) (*Expr, error) {
	p.take()
	if t.value == "extract" && p.peek().kind == word && p.ahead(1).isWord("from") {
		part := p.take().value
		p.take()
		of, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		return call("date_part", &Expr{Kind: Text, Text: part}, of), p.expect(")")
	}
	arguments, err := p.arguments(")")
	if err != nil {
		return nil, err
	}
	if p.peek().is(".") || p.peek().isWord("over", "filter") {
		return nil, unsupported(p.peek(), "something after a function")
	}
	if (t.value == "like" || t.value == "ilike") && len(arguments) != 2 {
		return nil, unsupported(t, "LIKE without two sides")
	}
	return call(t.value, arguments...), nil
}

// cast reads CAST(… AS type), and TRY_CAST as a call around a cast.
func (p *parser) cast(t token) (*Expr, error) {
	p.take()
	of, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if err := p.expectWord("as"); err != nil {
		return nil, err
	}
	name, err := p.typeName()
	if err != nil {
		return nil, err
	}
	e := &Expr{Kind: Cast, Name: name, Args: []*Expr{of}}
	if t.value == "try_cast" {
		e = call("try_cast", e)
	}
	return e, p.expect(")")
}

// typeName reads a type, such as DECIMAL(10, 2), DOUBLE PRECISION, VARCHAR[] or
// FLOAT[3], and gives it in upper case without blanks it can do without.
func (p *parser) typeName() (string, error) {
	t := p.take()
	if t.kind != word || reserved(t.value) {
		return "", unsupported(t, "expected a type")
	}
	name := t.value
	for p.peek().isWord("precision", "varying", "with", "without", "time", "zone") {
		name += " " + p.take().value
	}
	if p.accept("(") {
		var sizes []string
		for {
			size := p.take()
			if size.kind != number {
				return "", unsupported(size, "a type with something other than a size")
			}
			sizes = append(sizes, size.value)
			if !p.accept(",") {
				break
			}
		}
		if err := p.expect(")"); err != nil {
			return "", err
		}
		name += "(" + strings.Join(sizes, ",") + ")"
	}
	for p.accept("[") {
		name += "["
		if p.peek().kind == number {
			name += p.take().value
		}
		if err := p.expect("]"); err != nil {
			return "", err
		}
		name += "]"
	}
	return strings.ToUpper(name), nil
}

// cases reads CASE after the word. CASE x WHEN v is put as WHEN x = v.
func (p *parser) cases() (*Expr, error) {
	var of *Expr
	var err error
	if !p.peek().isWord("when") {
		if of, err = p.expression(0); err != nil {
			return nil, err
		}
	}
	e := &Expr{Kind: Case}
	for p.acceptWord("when") {
		when, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		if of != nil {
			if err := p.reuse(of, 1); err != nil {
				return nil, err
			}
			when = operator("=", of, when)
		}
		if err := p.expectWord("then"); err != nil {
			return nil, err
		}
		then, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		e.Args = append(e.Args, when, then)
	}
	if len(e.Args) == 0 {
		return nil, unsupported(p.peek(), "expected WHEN")
	}
	otherwise := &Expr{Kind: Null}
	if p.acceptWord("else") {
		if otherwise, err = p.expression(0); err != nil {
			return nil, err
		}
	}
	e.Args = append(e.Args, otherwise)
	return e, p.expectWord("end")
}
