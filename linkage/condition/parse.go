package condition

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Unsupported says that a condition is not of the subset this package reads.
// DuckDB may still understand the text.
type Unsupported struct {
	Position int    // bytes before the place where reading stopped
	Reason   string // what was met there, without the text itself
}

// Error tells the place, counted from 1, and the reason.
func (u *Unsupported) Error() string {
	return fmt.Sprintf("at byte %d: %s", u.Position+1, u.Reason)
}

// The bounds on one condition, so that no text can exhaust the stack or, where
// an operand is written once and used twice, the memory.
const (
	maximumDepth  = 400 // of brackets in the text
	maximumHeight = 100 // of the tree; printing adds brackets, but not beyond maximumDepth
	maximumNodes  = 20_000
)

// ParseLevel reads the condition of a comparison level, whose columns are
// named after both sides of a pair: "dob_l" = "dob_r", quoted or not. The
// error, if any, is an *Unsupported. ELSE is not a condition; package model
// recognises it.
//
// Some SQL is put in terms of other nodes that answer the same, nulls included:
// BETWEEN and IN as comparisons, IS [NOT] TRUE, FALSE and DISTINCT FROM with
// coalesce, CASE x WHEN v as CASE WHEN x = v, EXTRACT as date_part, % as mod,
// ^ as pow, DATE '…' as a cast. LIKE and ILIKE are calls of those names, and a
// minus before a number is the operator neg around it.
func ParseLevel(sql string) (*Expr, error) { return parse(sql, levelForm) }

// ParseRule reads a blocking rule over the two relations l and r:
// l."dob" = r."dob". The error, if any, is an *Unsupported.
func ParseRule(sql string) (*Expr, error) { return parse(sql, ruleForm) }

// form is how a text names its columns.
type form int8

const (
	levelForm form = iota // name_l
	ruleForm              // l.name
	plainForm             // name
)

type parser struct {
	tokens     []token
	next       int
	form       form
	depth      int
	nodes      int
	parameters []string // of the lambdas around the current place
}

func parse(sql string, f form) (*Expr, error) {
	tokens, err := scan(sql)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens, form: f}
	e, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != end {
		return nil, unsupported(t, "the condition goes on after its end")
	}
	if e.height() > maximumHeight {
		return nil, unsupported(p.peek(), "the condition is nested too deeply")
	}
	return e, nil
}

func unsupported(t token, reason string) error {
	return &Unsupported{Position: t.at, Reason: reason}
}

func (p *parser) peek() token { return p.tokens[p.next] }

func (p *parser) ahead(n int) token { return p.tokens[min(p.next+n, len(p.tokens)-1)] }

func (p *parser) take() token {
	t := p.tokens[p.next]
	if t.kind != end {
		p.next++
	}
	return t
}

// accept takes the next token when it is one of the symbols.
func (p *parser) accept(symbols ...string) bool {
	if p.peek().is(symbols...) {
		p.next++
		return true
	}
	return false
}

func (p *parser) acceptWord(words ...string) bool {
	if p.peek().isWord(words...) {
		p.next++
		return true
	}
	return false
}

func (p *parser) expect(s string) error {
	if !p.accept(s) {
		return unsupported(p.peek(), "expected "+s)
	}
	return nil
}

func (p *parser) expectWord(w string) error {
	if !p.acceptWord(w) {
		return unsupported(p.peek(), "expected "+strings.ToUpper(w))
	}
	return nil
}

// reuse accounts for an operand that is written once and appears several times
// in the tree.
func (p *parser) reuse(e *Expr, times int) error {
	p.nodes += e.size() * times
	if p.nodes > maximumNodes {
		return unsupported(p.peek(), "the condition is too long")
	}
	return nil
}

// The binding powers of operators, weakest first, as in DuckDB.
const (
	bindsOr = iota + 1
	bindsAnd
	bindsNot
	bindsIs
	bindsComparison
	bindsTest // BETWEEN, IN, LIKE
	bindsConcatenation
	bindsSum
	bindsProduct
	bindsPower
	bindsSign
	bindsSubscript
	bindsCast
)

// expression reads an operand and the operators after it that bind more than
// the given power.
func (p *parser) expression(power int) (*Expr, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > maximumDepth {
		return nil, unsupported(p.peek(), "the condition is nested too deeply")
	}
	left, err := p.prefix()
	for err == nil {
		binds := binding(p.peek(), p.ahead(1))
		if binds <= power {
			return left, nil
		}
		left, err = p.infix(left, binds)
		if err == nil && (binds == bindsComparison || binds == bindsTest) && binding(p.peek(), p.ahead(1)) == binds {
			err = unsupported(p.peek(), "comparisons in a row need brackets")
		}
	}
	return nil, err
}

// binding gives the power of the operator a token is, 0 when it is none.
func binding(t, after token) int {
	switch {
	case t.isWord("or"):
		return bindsOr
	case t.isWord("and"):
		return bindsAnd
	case t.isWord("is"):
		return bindsIs
	case t.is("=", "==", "<>", "!=", "<", "<=", ">", ">="):
		return bindsComparison
	case t.isWord("between", "in", "like", "ilike"),
		t.isWord("not") && after.isWord("between", "in", "like", "ilike"):
		return bindsTest
	case t.is("||"):
		return bindsConcatenation
	case t.is("+", "-"):
		return bindsSum
	case t.is("*", "/", "%"):
		return bindsProduct
	case t.is("^", "**"):
		return bindsPower
	case t.is("["):
		return bindsSubscript
	case t.is("::"):
		return bindsCast
	}
	return 0
}

func (p *parser) prefix() (*Expr, error) {
	t := p.peek()
	p.nodes++
	switch {
	case t.isWord("not"):
		p.take()
		e, err := p.expression(bindsNot - 1)
		return negate(e), err
	case t.is("-"):
		p.take()
		e, err := p.expression(bindsSign)
		return operator("neg", e), err
	case t.is("+"):
		p.take()
		return p.expression(bindsSign)
	case t.is("("):
		p.take()
		e, err := p.expression(0)
		if err != nil {
			return nil, err
		}
		return e, p.expect(")")
	case t.is("["):
		return p.list()
	}
	return p.operand()
}

func (p *parser) infix(left *Expr, binds int) (*Expr, error) {
	t := p.take()
	p.nodes++
	switch binds {
	case bindsOr, bindsAnd:
		right, err := p.expression(binds)
		if err != nil {
			return nil, err
		}
		if binds == bindsOr {
			return join(Or, left, right), nil
		}
		return join(And, left, right), nil
	case bindsIs:
		return p.is(left)
	case bindsTest:
		return p.test(t, left)
	case bindsSubscript:
		return p.subscript(left)
	case bindsCast:
		name, err := p.typeName()
		return &Expr{Kind: Cast, Name: name, Args: []*Expr{left}}, err
	}
	right, err := p.expression(binds)
	if err != nil {
		return nil, err
	}
	switch t.value {
	case "==":
		return operator("=", left, right), nil
	case "!=":
		return operator("<>", left, right), nil
	case "%":
		return call("mod", left, right), nil
	case "^", "**":
		return call("pow", left, right), nil
	}
	return operator(t.value, left, right), nil
}

func (p *parser) subscript(left *Expr) (*Expr, error) {
	at, err := p.expression(0)
	if err != nil {
		return nil, err
	}
	if p.peek().is(":") {
		return nil, unsupported(p.peek(), "a slice")
	}
	return &Expr{Kind: Subscript, Args: []*Expr{left, at}}, p.expect("]")
}

func (p *parser) list() (*Expr, error) {
	p.take()
	elements, err := p.arguments("]")
	return &Expr{Kind: List, Args: elements}, err
}

// arguments reads expressions with commas between them up to the closing sign.
func (p *parser) arguments(closing string) ([]*Expr, error) {
	if p.accept(closing) {
		return nil, nil
	}
	var all []*Expr
	for {
		e, err := p.argument()
		if err != nil {
			return nil, err
		}
		all = append(all, e)
		if !p.accept(",") {
			return all, p.expect(closing)
		}
	}
}

// argument reads an expression or a lambda: x -> …, or lambda x: ….
func (p *parser) argument() (*Expr, error) {
	var name string
	switch {
	case p.peek().isWord("lambda") && p.ahead(2).is(":"):
		p.take()
		name = p.take().value
	case p.ahead(1).is("->") && (p.peek().kind == word || p.peek().kind == quoted):
		name = p.take().value
	default:
		return p.expression(0)
	}
	name = strings.ToLower(name)
	p.take()
	p.parameters = append(p.parameters, name)
	body, err := p.expression(0)
	p.parameters = p.parameters[:len(p.parameters)-1]
	return &Expr{Kind: Lambda, Name: name, Args: []*Expr{body}}, err
}

func parseNumber(t token) (*Expr, error) {
	value, err := strconv.ParseFloat(t.value, 64)
	if err != nil || math.IsInf(value, 0) {
		return nil, unsupported(t, "a number out of range")
	}
	return &Expr{Kind: Number, Number: value, Text: t.value}, nil
}
