package model

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"tre/internal/pattern"
	"tre/internal/problem"
)

// ReadYAML reads the short form of settings, which the comment of this package
// describes. The name stands for the file in problems and warnings. An error
// tells all problems of the file with their lines.
func ReadYAML(r io.Reader, name string) (*Model, []string, error) {
	data, err := readAll(r, name)
	if err != nil {
		return nil, nil, err
	}
	var document yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(data)).Decode(&document); err != nil {
		return nil, nil, yamlSyntax(err, name)
	}
	if len(document.Content) == 0 {
		return nil, nil, yamlSyntax(io.EOF, name)
	}
	f := &findings{}
	o, ok := f.mapping(document.Content[0], "")
	if !ok {
		return nil, nil, f.error(name)
	}
	m := New("")
	m.settings(&o)
	return m.finish(f, name)
}

var (
	yamlLine     = pattern.New(`line \d+`)
	functionName = pattern.New(`^[A-Za-z_][A-Za-z0-9_]*$`)
)

// yamlSyntax tells the line of a mistake in the YAML, and nothing of its text.
func yamlSyntax(err error, name string) error {
	const hint = "check indentation, colons and brackets"
	if errors.Is(err, io.EOF) {
		return problem.New(problem.Usage, hint, "model %s is empty", name)
	}
	if line := yamlLine.FindString(err.Error()); line != "" {
		return problem.New(problem.Usage, hint, "model %s, %s: not YAML", name, line)
	}
	return problem.New(problem.Usage, hint, "model %s: not YAML", name)
}

// entries is one YAML mapping being read, like fields.
type entries struct {
	*findings
	where  string
	line   int
	values map[string]*yaml.Node
}

func (f *findings) mapping(node *yaml.Node, where string) (entries, bool) {
	node = resolve(node)
	o := entries{findings: f, where: where, line: node.Line, values: map[string]*yaml.Node{}}
	f.mark(where, node.Line)
	if node.Kind != yaml.MappingNode {
		f.refuse(where, "expected keys and values")
		return o, false
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		key := node.Content[i].Value
		if o.values[key] != nil {
			o.refuseAt(node.Content[i], "the key %s is given twice", key)
		}
		o.values[key] = node.Content[i+1]
	}
	return o, true
}

// resolve follows an alias to what it stands for.
func resolve(node *yaml.Node) *yaml.Node {
	if node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

// refuseAt reports a problem with the line of a node.
func (o *entries) refuseAt(node *yaml.Node, format string, args ...any) {
	place := o.where
	if place != "" {
		place += ": "
	}
	o.problems = append(o.problems, fmt.Errorf("line %d: %s%s", node.Line, place, fmt.Sprintf(format, args...)))
}

func (o *entries) take(key string) *yaml.Node {
	node := o.values[key]
	delete(o.values, key)
	if node == nil {
		return nil
	}
	if node = resolve(node); node.Tag == "!!null" {
		return nil
	}
	return node
}

// yamlRead reads a value when it is there and says whether it was.
func yamlRead[T any](o *entries, key, kind string, into *T) bool {
	node := o.take(key)
	if node == nil {
		return false
	}
	var value T
	if err := node.Decode(&value); err != nil {
		o.refuseAt(node, "%s is not %s", key, kind)
		return false
	}
	*into = value
	return true
}

func (o *entries) text(key string) string {
	var text string
	yamlRead(o, key, "a text", &text)
	return text
}

func (o *entries) flag(key string, otherwise bool) bool {
	yamlRead(o, key, "true or false", &otherwise)
	return otherwise
}

func (o *entries) numbers(key string, otherwise ...float64) []float64 {
	yamlRead(o, key, "a list of numbers", &otherwise)
	return otherwise
}

// list reads a list of any nodes.
func (o *entries) list(key string) []*yaml.Node {
	node := o.take(key)
	if node == nil {
		return nil
	}
	if node.Kind != yaml.SequenceNode {
		o.refuseAt(node, "%s is not a list", key)
		return nil
	}
	return node.Content
}

// expression reads a column or SQL over columns.
func (o *entries) expression(key string) (Expression, bool) {
	node := o.take(key)
	if node == nil {
		return Expression{}, false
	}
	return o.parse(node), true
}

func (o *entries) parse(node *yaml.Node) Expression {
	var text string
	if resolve(node).Decode(&text) != nil {
		o.refuseAt(node, "expected a column or an expression")
		return Column("?")
	}
	e, err := Parse(text)
	if err != nil {
		o.refuseAt(node, "the expression cannot be read: %v", err)
		return Column("?")
	}
	return e
}

// done refuses the keys that were not read.
func (o *entries) done() {
	for _, key := range slices.Sorted(maps.Keys(o.values)) {
		o.refuseAt(o.values[key], "the key %s is not known here", key)
	}
}

// settings reads the whole file.
func (m *Model) settings(o *entries) {
	m.LinkType = LinkType(o.text("link_type"))
	yamlRead(o, "prior", "a number", &m.Prior)
	yamlRead(o, "em_convergence", "a number", &m.EMConvergence)
	yamlRead(o, "max_iterations", "a whole number", &m.MaxIterations)
	yamlRead(o, "unique_id", "a text", &m.UniqueID)
	yamlRead(o, "source_dataset", "a text", &m.SourceDataset)
	yamlRead(o, "additional_columns", "a list of texts", &m.AdditionalColumns)
	m.RetainMatchingColumns = o.flag("retain_matching_columns", m.RetainMatchingColumns)
	m.RetainIntermediateColumns = o.flag("retain_intermediate_columns", m.RetainIntermediateColumns)
	for i, node := range o.list("blocking") {
		m.BlockingRules = append(m.BlockingRules, o.rule(node, ruleName(i)))
	}
	for i, node := range o.list("comparisons") {
		m.Comparisons = append(m.Comparisons, o.comparison(node, i))
	}
	o.done()
}

// rule reads a column, a list of columns, or {on: …, explode: …}, or
// {sql: …, explode: …}.
func (o *entries) rule(node *yaml.Node, where string) BlockingRule {
	node = resolve(node)
	here := entries{findings: o.findings, where: where, line: node.Line}
	o.mark(where, node.Line)
	if node.Kind != yaml.MappingNode {
		return here.blockOn(node)
	}
	inner, _ := o.findings.mapping(node, where)
	var explode []string
	yamlRead(&inner, "explode", "a list of columns", &explode)
	on, sql := inner.take("on"), inner.text("sql")
	inner.done()
	switch {
	case (on == nil) == (sql == ""):
		inner.refuseAt(node, "expected either on or sql")
		return Rule("?")
	case on != nil:
		return inner.blockOn(on).Exploding(explode...)
	}
	return Rule(sql).Exploding(explode...)
}

func (o *entries) blockOn(node *yaml.Node) BlockingRule {
	if node.Kind != yaml.SequenceNode {
		return BlockOn(o.parse(node))
	}
	var all []Expression
	for _, n := range node.Content {
		all = append(all, o.parse(n))
	}
	if len(all) == 0 {
		o.refuseAt(node, "the rule names no columns")
		return Rule("?")
	}
	return BlockOn(all...)
}

// span reads a length of time such as "10 years".
func span(text string) (Span, error) {
	var s Span
	var unit string
	if n, err := fmt.Sscanf(text, "%g %s", &s.Count, &unit); n != 2 || err != nil || s.Count < 0 {
		return s, errors.New("expected a number and a unit, such as 1 month")
	}
	s.Unit = TimeUnit(strings.TrimSuffix(unit, "s"))
	switch s.Unit {
	case Second, Minute, Hour, Day, Month, Year:
		return s, nil
	}
	return s, errors.New("the unit is not second, minute, hour, day, month or year")
}
