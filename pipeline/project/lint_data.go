package project

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"tre/internal/pattern"
	"tre/internal/problem"
	"tre/pipeline/linked"
	"tre/pseudonymise/generalise"
)

// The opt-out treatments.
const (
	apply  = "apply"
	exempt = "exempt"
)

// tableVersion is the version of the linked tables' columns.
const tableVersion = "1"

var contractForm = pattern.New(`^([a-z][a-z0-9_]*)@\^?([0-9]+)$`)

// tables gives the linked tables by name: their own columns and those all have.
func tables() map[string]linked.Table {
	all := map[string]linked.Table{}
	for _, t := range linked.Tables() {
		t.Columns = slices.Concat(linked.Common(), t.Columns)
		all[t.Name] = t
	}
	all["person"] = linked.PersonTable()
	return all
}

func columnOf(t linked.Table, name string) (linked.Column, bool) {
	at := slices.IndexFunc(t.Columns, func(c linked.Column) bool { return c.Name == name })
	if at < 0 {
		return linked.Column{}, false
	}
	return t.Columns[at], true
}

func (l *linter) data() {
	if l.SafeData.Cohort != "all" {
		l.file("safeData.cohort", l.SafeData.Cohort)
	}
	if len(l.SafeData.Datasets) == 0 {
		l.fault("safeData.datasets", "nothing is listed, so nothing can be read")
	}
	seen := map[string]bool{}
	for i, d := range l.SafeData.Datasets {
		at := fmt.Sprintf("safeData.datasets[%d]", i)
		t, ok := l.contract(at+".contract", d.Contract)
		if !ok {
			continue
		}
		if seen[t.Name] {
			l.fault(at+".contract", "the table %s is listed twice", t.Name)
		}
		seen[t.Name] = true
		l.columns(at, d, t)
		l.rows(at, d.Rows, t)
		l.window(at+".window", d.Window, t)
	}
	l.given("safeSetting.pseudonymKeyId", l.SafeSetting.PseudonymKeyID)
}

func (l *linter) contract(at, text string) (linked.Table, bool) {
	parts := contractForm.FindStringSubmatch(text)
	if parts == nil {
		l.fault(at, "must be a linked table and its version, as care_event@^1")
		return linked.Table{}, false
	}
	t, known := tables()[parts[1]]
	switch {
	case !known:
		l.fault(at, "there is no linked table %s", parts[1])
	case parts[2] != tableVersion:
		l.fault(at, "the table %s has version %s", parts[1], tableVersion)
		known = false
	}
	return t, known
}

func (l *linter) columns(at string, d Dataset, t linked.Table) {
	if len(d.Columns) == 0 {
		l.fault(at+".columns", "nothing is listed, so nothing can be read")
	}
	seen := map[string]bool{}
	for i, name := range d.Columns {
		here := fmt.Sprintf("%s.columns[%d]", at, i)
		if _, known := columnOf(t, name); !known {
			l.fault(here, "the table %s has no column %s", t.Name, name)
		}
		if seen[name] {
			l.fault(here, "%s is listed twice", name)
		}
		seen[name] = true
	}
	for _, name := range sortedKeys(d.Transforms) {
		if !seen[name] || name == "person" {
			l.fault(at+".transforms."+name, "is of no column that is listed")
		}
	}
	if _, err := d.rules(t); err != nil {
		l.fault(at+".transforms", "%s", strings.TrimPrefix(err.Error(), "transforms: "))
	}
}

func (l *linter) rows(at string, r Rows, t linked.Table) {
	if r.Codelist != "" {
		l.file(at+".rows.codelist", r.Codelist)
		if _, has := columnOf(t, "code"); !has {
			l.fault(at+".rows.codelist", "the table %s has no codes", t.Name)
		}
	}
	if len(r.Setting) == 0 {
		return
	}
	c, has := columnOf(t, "setting")
	if !has {
		l.fault(at+".rows.setting", "the table %s has no settings", t.Name)
		return
	}
	for i, s := range r.Setting {
		if !slices.Contains(c.Values, s) {
			l.fault(fmt.Sprintf("%s.rows.setting[%d]", at, i), "must be one of %s", strings.Join(c.Values, ", "))
		}
	}
}

func (l *linter) window(at string, w Span, t linked.Table) {
	if t.Date == "" {
		if w != (Span{}) {
			l.fault(at, "the table %s has no date to look at", t.Name)
		}
		return
	}
	if w == (Span{}) {
		l.fault(at, "is missing: from and to, by %s", t.Date)
		return
	}
	if l.day(at+".from", w.From) && l.day(at+".to", w.To) && w.To < w.From {
		l.fault(at+".to", "lies before from")
	}
}

// fileForm is a file below the project's folder and its hash.
var fileForm = pattern.New(`^([A-Za-z0-9_][A-Za-z0-9_./-]*)@(sha256:[0-9a-f]{64})$`)

func (l *linter) file(at, text string) {
	switch parts := fileForm.FindStringSubmatch(text); {
	case text == "":
		l.fault(at, "is missing")
	case parts == nil || strings.Contains(parts[1], ".."):
		l.fault(at, "must be a file below the project's folder, @sha256: and its 64 hex digits")
	}
}

// rules are what becomes of each listed column, person first. A column of the
// region's own keys is kept: it is made the project's before.
func (d Dataset) rules(t linked.Table) (*generalise.Rules, error) {
	list := []map[string]any{{"output": "person", "source": "person", "rule": generalise.Keep}}
	for _, name := range d.Columns {
		if name == "person" {
			continue
		}
		column := map[string]any{"output": name, "source": name, "rule": generalise.Keep}
		if node, found := d.Transforms[name]; found {
			if err := transform(column, node, t); err != nil {
				return nil, err
			}
		}
		list = append(list, column)
	}
	text, err := yaml.Marshal(map[string]any{"version": 1, "columns": list})
	if err != nil {
		return nil, err
	}
	rules, err := generalise.Read(bytes.TrimSpace(text), "transforms")
	if err != nil {
		said := unknownKey.ReplaceAllString(withoutLine.ReplaceAllString(err.Error(), ""), "there is no key $1")
		return nil, refuseTransform("%s", strings.TrimPrefix(said, "transforms: "))
	}
	return rules, nil
}

// dateText gives a date of YAML as the text it was written as.
func dateText(value any) any {
	if t, ok := value.(time.Time); ok {
		return t.Format(time.DateOnly)
	}
	return value
}

var withoutLine = pattern.New(`line \d+: `)

func refuseTransform(format string, args ...any) error {
	return problem.New(problem.PolicyRefuse, "docs/projects.md lists the rules", "transforms: "+format, args...)
}

// transform reads what the approval says of one column: a rule alone, or with
// what it takes.
func transform(column map[string]any, node yaml.Node, t linked.Table) error {
	name := column["source"].(string)
	if node.Kind == yaml.ScalarNode {
		column["rule"] = node.Value
	} else {
		said := map[string]any{}
		if err := node.Decode(&said); err != nil {
			return refuseTransform("column %s: not a rule", name)
		}
		for key, value := range said {
			if key == "source" || key == "of" {
				return refuseTransform("column %s: takes no %s", name, key)
			}
			column[key] = dateText(value)
		}
	}
	rule, _ := column["rule"].(string)
	c, _ := columnOf(t, name)
	if takes := typesOf(rule); !slices.Contains(takes, c.Type) {
		return refuseTransform("column %s: the rule %s is not for a column of type %s", name, rule, c.Type)
	}
	if rule == generalise.Rare {
		column["of"] = "person"
	}
	return nil
}

// typesOf says which columns a rule of an approval is for.
func typesOf(rule string) []string {
	switch rule {
	case generalise.Month, generalise.Week, generalise.Quarter, generalise.Year, generalise.Age, generalise.AgeBand:
		return []string{"DATE"}
	case generalise.Rare:
		return []string{"VARCHAR"}
	case generalise.Number:
		return []string{"INTEGER", "DOUBLE"}
	case generalise.Keep:
		return []string{"VARCHAR", "INTEGER", "DOUBLE", "DATE", "BOOLEAN", "UUID"}
	}
	return nil
}
