package segment

import (
	"fmt"
	"slices"
	"strconv"
)

// Kind is what a feature holds.
type Kind uint8

// The kinds of feature.
const (
	Flag   Kind = iota // true or false
	Number             // a whole number
	Text               // one of a few words
)

// String names the kind as an error says it.
func (k Kind) String() string { return [...]string{"yes or no", "a number", "text"}[k] }

// Feature is a column a condition may name.
type Feature struct {
	Name string
	Kind Kind
}

// Condition is a checked condition over features. It is true, false or not
// known: a comparison with a feature nobody knows is not known, and "and", "or"
// and "not" carry that on as in SQL. "known x" and "recorded x" never are.
type Condition struct{ root node }

// node is one of the six forms of condition below.
type node interface {
	// truth gives true, false or not known (nil) for one person.
	truth(Values) *bool
	// sql writes the same for every row of a table.
	sql() string
	// visit calls see with every feature named.
	visit(see func(string))
	// guards calls see with every feature of which it asks "known" or "recorded".
	guards(see func(string))
}

type (
	constant bool
	known    struct{ feature string }
	recorded struct{ feature string }
	flag     struct{ feature string }
	negation struct{ of node }
	chain    struct { // two or more conditions joined by one word
		and   bool
		parts []node
	}
	comparison struct {
		feature  string
		operator string // = <> < <= > >=
		value    literal
	}
)

type literal struct {
	kind   Kind // Number or Text
	number int64
	text   string
}

// ParseCondition reads a condition and checks every name and kind against the
// features. An error is a *SyntaxError.
//
//	condition = part {"or" part}
//	part      = term {"and" term}
//	term      = ["not"] ("(" condition ")" | "true" | "false" | "known" name | "recorded" name | name [test])
//	test      = operator value | ["not"] "in" "(" value {"," value} ")" | ["not"] "between" value "and" value
//	value     = whole number | 'text'
func ParseCondition(text string, features []Feature) (Condition, error) {
	if len(text) > longestCondition {
		return Condition{}, &SyntaxError{1, 1, fmt.Sprintf("the condition is longer than %d bytes", longestCondition)}
	}
	p := parser{scanner: scanner{text: text, line: 1, column: 1}, features: features}
	if err := p.next(); err != nil {
		return Condition{}, err
	}
	root, err := p.joined(false)
	if err != nil {
		return Condition{}, err
	}
	if p.now.kind != end {
		return Condition{}, p.fault("the condition should end here")
	}
	return Condition{root}, nil
}

const (
	longestCondition = 8000
	deepestCondition = 64
)

type parser struct {
	scanner
	now      token
	features []Feature
	depth    int
}

func (p *parser) next() (err error) {
	p.now, err = p.scan()
	return err
}

func (p *parser) fault(format string, args ...any) error {
	return &SyntaxError{p.now.line, p.now.column, fmt.Sprintf(format, args...)}
}

// is reports whether the parser stands at a word or sign.
func (p *parser) is(text string) bool {
	return (p.now.kind == word || p.now.kind == sign) && p.now.text == text
}

func (p *parser) take(text string) error {
	if !p.is(text) {
		return p.fault("%q should stand here", text)
	}
	return p.next()
}

// joined reads terms joined by "and", or parts joined by "or".
func (p *parser) joined(and bool) (node, error) {
	read, joiner := func() (node, error) { return p.joined(true) }, "or"
	if and {
		read, joiner = p.term, "and"
	}
	parts := []node(nil)
	for {
		part, err := read()
		if err != nil {
			return nil, err
		}
		parts = append(parts, part)
		if !p.is(joiner) {
			break
		}
		if err := p.next(); err != nil {
			return nil, err
		}
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return chain{and, parts}, nil
}

func (p *parser) term() (node, error) {
	if p.depth++; p.depth > deepestCondition {
		return nil, p.fault("more than %d brackets and nots inside each other", deepestCondition)
	}
	defer func() { p.depth-- }()
	switch {
	case p.is("not"):
		if err := p.next(); err != nil {
			return nil, err
		}
		inner, err := p.term()
		return negation{inner}, err
	case p.is("("):
		if err := p.next(); err != nil {
			return nil, err
		}
		inner, err := p.joined(false)
		if err != nil {
			return nil, err
		}
		return inner, p.take(")")
	case p.is("true"), p.is("false"):
		value := constant(p.is("true"))
		return value, p.next()
	case p.is("known"), p.is("recorded"):
		return p.known(p.now.text)
	}
	return p.test()
}

// known reads "known name" or "recorded name".
func (p *parser) known(what string) (node, error) {
	if err := p.next(); err != nil {
		return nil, err
	}
	if what == "known" {
		f, err := p.feature()
		return known{f.Name}, err
	}
	at := p.now
	f, err := p.feature()
	if err == nil && f.Kind != Flag {
		err = &SyntaxError{at.line, at.column, fmt.Sprintf("%s is %s, and recorded asks for yes or no", f.Name, f.Kind)}
	}
	return recorded{f.Name}, err
}

func (p *parser) feature() (Feature, error) {
	if p.now.kind != word || slices.Contains(reserved(), p.now.text) {
		return Feature{}, p.fault("the name of a feature should stand here")
	}
	at := slices.IndexFunc(p.features, func(f Feature) bool { return f.Name == p.now.text })
	if at < 0 {
		return Feature{}, p.fault("no feature is called %s", p.now.text)
	}
	return p.features[at], p.next()
}

func reserved() []string {
	return []string{"and", "or", "not", "in", "between", "true", "false", "known", "recorded"}
}

func (p *parser) test() (node, error) {
	at := p.now
	f, err := p.feature()
	if err != nil {
		return nil, err
	}
	if p.now.kind == sign && slices.Contains(operators(), p.now.text) {
		return p.compare(f)
	}
	if p.is("in") || p.is("between") || p.is("not") {
		return p.among(f)
	}
	if f.Kind != Flag {
		return nil, &SyntaxError{at.line, at.column, fmt.Sprintf("%s is %s: say what it is compared with", f.Name, f.Kind)}
	}
	return flag{f.Name}, nil
}

func operators() []string { return []string{"=", "<>", "<", "<=", ">", ">="} }

func (p *parser) compare(f Feature) (node, error) {
	operator := p.now.text
	if f.Kind == Text && operator != "=" && operator != "<>" {
		return nil, p.fault("%s is text, which has no order", f.Name)
	}
	if err := p.next(); err != nil {
		return nil, err
	}
	value, err := p.value(f)
	return comparison{f.Name, operator, value}, err
}

// among reads in and between, as the chain of comparisons they stand for.
func (p *parser) among(f Feature) (node, error) {
	denied := p.is("not")
	if denied {
		if err := p.next(); err != nil {
			return nil, err
		}
	}
	read := p.listed
	if p.is("between") {
		read = p.between
	}
	found, err := read(f)
	if denied {
		found = negation{found}
	}
	return found, err
}

func (p *parser) listed(f Feature) (node, error) {
	if err := p.take("in"); err != nil {
		return nil, err
	}
	if err := p.take("("); err != nil {
		return nil, err
	}
	either := chain{}
	for {
		value, err := p.value(f)
		if err != nil {
			return nil, err
		}
		either.parts = append(either.parts, comparison{f.Name, "=", value})
		if !p.is(",") {
			return either, p.take(")")
		}
		if err := p.next(); err != nil {
			return nil, err
		}
	}
}

func (p *parser) between(f Feature) (node, error) {
	if f.Kind == Text {
		return nil, p.fault("%s is text, which has no order", f.Name)
	}
	if err := p.take("between"); err != nil {
		return nil, err
	}
	low, err := p.value(f)
	if err != nil {
		return nil, err
	}
	if err := p.take("and"); err != nil {
		return nil, err
	}
	high, err := p.value(f)
	return chain{true, []node{comparison{f.Name, ">=", low}, comparison{f.Name, "<=", high}}}, err
}

// value reads a literal of the feature's kind.
func (p *parser) value(f Feature) (literal, error) {
	switch {
	case f.Kind == Flag:
		return literal{}, p.fault("%s is yes or no: write %s or not %s", f.Name, f.Name, f.Name)
	case f.Kind == Number && p.now.kind == number:
		n, err := strconv.ParseInt(p.now.text, 10, 64)
		if err != nil {
			return literal{}, p.fault("the number is too large")
		}
		return literal{kind: Number, number: n}, p.next()
	case f.Kind == Text && p.now.kind == quoted:
		text := p.now.text
		return literal{kind: Text, text: text}, p.next()
	}
	return literal{}, p.fault("%s is %s, so that should stand here", f.Name, f.Kind)
}
