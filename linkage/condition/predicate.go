package condition

// is reads what follows IS. All but IS NULL is put in terms of other nodes
// with the same answer for nulls.
func (p *parser) is(left *Expr) (*Expr, error) {
	not := p.acceptWord("not")
	var e *Expr
	t := p.take()
	switch {
	case t.isWord("null"):
		e = &Expr{Kind: IsNull, Args: []*Expr{left}}
	case t.isWord("true"):
		e = call("coalesce", left, boolean(false))
	case t.isWord("false"):
		e = call("coalesce", negate(left), boolean(false))
	case t.isWord("distinct"):
		if err := p.expectWord("from"); err != nil {
			return nil, err
		}
		right, err := p.expression(bindsIs)
		if err != nil {
			return nil, err
		}
		if err := p.reuse(operator("=", left, right), 1); err != nil {
			return nil, err
		}
		nulls := join(And, &Expr{Kind: IsNull, Args: []*Expr{left}}, &Expr{Kind: IsNull, Args: []*Expr{right}})
		e = call("coalesce", operator("=", left, right), nulls)
		not = !not
	default:
		return nil, unsupported(t, "expected NULL, TRUE, FALSE or DISTINCT FROM after IS")
	}
	if not {
		e = negate(e)
	}
	return e, nil
}

// test reads what follows [NOT] BETWEEN, IN, LIKE or ILIKE. BETWEEN and IN are
// put in terms of comparisons.
func (p *parser) test(t token, left *Expr) (*Expr, error) {
	not := t.isWord("not")
	if not {
		t = p.take()
	}
	var e *Expr
	var err error
	switch t.value {
	case "between":
		e, err = p.between(left)
	case "in":
		e, err = p.in(left)
	default:
		var right *Expr
		if right, err = p.expression(bindsTest); err == nil && p.peek().isWord("escape") {
			err = unsupported(p.peek(), "an escape sign of LIKE")
		}
		e = call(t.value, left, right)
	}
	if not {
		e = negate(e)
	}
	return e, err
}

func (p *parser) between(left *Expr) (*Expr, error) {
	low, err := p.expression(bindsTest)
	if err != nil {
		return nil, err
	}
	if err := p.expectWord("and"); err != nil {
		return nil, err
	}
	high, err := p.expression(bindsTest)
	if err != nil {
		return nil, err
	}
	return join(And, operator(">=", left, low), operator("<=", left, high)), p.reuse(left, 1)
}

func (p *parser) in(left *Expr) (*Expr, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	values, err := p.arguments(")")
	if err != nil {
		return nil, err
	}
	if len(values) == 0 {
		return nil, unsupported(p.peek(), "an empty list after IN")
	}
	if err := p.reuse(left, len(values)); err != nil {
		return nil, err
	}
	var either *Expr
	for _, v := range values {
		either = join(Or, either, operator("=", left, v))
	}
	return either, nil
}
