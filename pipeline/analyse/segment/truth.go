package segment

import (
	"slices"
	"strconv"
	"strings"

	"tre/internal/duck"
)

// Values are one person's features by name: bool, int64 or string. A feature
// that is absent or nil is not known.
type Values map[string]any

// Truth says whether a condition holds of one person; nil is not known.
func (c Condition) Truth(v Values) *bool { return c.root.truth(v) }

// SQL writes the condition for every row of a table whose columns are the
// features: BOOLEAN, with NULL for not known. Names and texts are quoted.
func (c Condition) SQL() string { return c.root.sql() }

// Features gives the features the condition names, in order, each once.
func (c Condition) Features() []string {
	var names []string
	c.root.visit(func(name string) {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	})
	return names
}

// Needed gives the features without which the condition may be not known: those
// it names but nowhere asks "known" or "recorded" of.
func (c Condition) Needed() []string {
	var guarded []string
	c.root.guards(func(name string) { guarded = append(guarded, name) })
	return slices.DeleteFunc(c.Features(), func(name string) bool { return slices.Contains(guarded, name) })
}

func (n constant) truth(Values) *bool   { return new(bool(n)) }
func (n known) truth(v Values) *bool    { return new(v[n.feature] != nil) }
func (n recorded) truth(v Values) *bool { return new(v[n.feature] == true) }

func (n flag) truth(v Values) *bool {
	if value, ok := v[n.feature].(bool); ok {
		return &value
	}
	return nil
}

func (n negation) truth(v Values) *bool {
	if inner := n.of.truth(v); inner != nil {
		return new(!*inner)
	}
	return nil
}

// truth of "and" is false as soon as a part is false, and of "or" true as soon
// as one is true, whatever is not known beside it.
func (n chain) truth(v Values) *bool {
	unsure := false
	for _, part := range n.parts {
		t := part.truth(v)
		if t == nil {
			unsure = true
		} else if *t != n.and {
			return t
		}
	}
	if unsure {
		return nil
	}
	return new(n.and)
}

func (n comparison) truth(v Values) *bool {
	var order int
	switch value := v[n.feature].(type) {
	case int64:
		order = compareNumbers(value, n.value.number)
	case string:
		order = strings.Compare(value, n.value.text)
	default:
		return nil
	}
	return new(map[string]bool{"=": order == 0, "<>": order != 0, "<": order < 0, "<=": order <= 0, ">": order > 0, ">=": order >= 0}[n.operator])
}

func compareNumbers(a, b int64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func (n constant) sql() string { return strconv.FormatBool(bool(n)) }
func (n known) sql() string    { return "(" + duck.Name(n.feature) + " IS NOT NULL)" }
func (n recorded) sql() string { return "coalesce(" + duck.Name(n.feature) + ", false)" }
func (n flag) sql() string     { return duck.Name(n.feature) }
func (n negation) sql() string { return "(NOT " + n.of.sql() + ")" }

func (n chain) sql() string {
	parts := make([]string, len(n.parts))
	for i, part := range n.parts {
		parts[i] = part.sql()
	}
	joiner := " OR "
	if n.and {
		joiner = " AND "
	}
	return "(" + strings.Join(parts, joiner) + ")"
}

func (n comparison) sql() string {
	value := duck.Text(n.value.text)
	if n.value.kind == Number {
		value = strconv.FormatInt(n.value.number, 10)
	}
	return "(" + duck.Name(n.feature) + " " + n.operator + " " + value + ")"
}

func (n constant) visit(func(string))       {}
func (n known) visit(see func(string))      { see(n.feature) }
func (n recorded) visit(see func(string))   { see(n.feature) }
func (n flag) visit(see func(string))       { see(n.feature) }
func (n negation) visit(see func(string))   { n.of.visit(see) }
func (n comparison) visit(see func(string)) { see(n.feature) }
func (n chain) visit(see func(string)) {
	for _, part := range n.parts {
		part.visit(see)
	}
}

func (n constant) guards(func(string))     {}
func (n flag) guards(func(string))         {}
func (n comparison) guards(func(string))   {}
func (n known) guards(see func(string))    { see(n.feature) }
func (n recorded) guards(see func(string)) { see(n.feature) }
func (n negation) guards(see func(string)) { n.of.guards(see) }
func (n chain) guards(see func(string)) {
	for _, part := range n.parts {
		part.guards(see)
	}
}
