package current

import (
	"fmt"
	"slices"
	"strings"
	"text/template"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/pipeline/feed"
)

// payloadColumn finds the payload column that holds a column of the contract:
// its keyed form when there is one, the record key when it is the person's
// local id, or the column itself.
func payloadColumn(c *feed.Contract, t *feed.Table, name string) (feed.PayloadColumn, error) {
	i := slices.IndexFunc(t.Properties, func(p feed.Property) bool { return p.Name == name })
	if i >= 0 {
		for _, candidate := range []string{name + "_key", recordKey(t, t.Properties[i].Rules.Use), name} {
			for _, column := range t.Payload() {
				if candidate != "" && column.Name == candidate {
					return column, nil
				}
			}
		}
	}
	return feed.PayloadColumn{}, problem.New(problem.Failed, "give the column the use payload or key in the contract",
		"contract %s: table %s: column %s: decides which rows are in force, but does not reach the payload", c.ID, t.Name, name)
}

// recordKey names the payload column that stands for a local id. Where rows
// name people one by one it says more than the local id, and is no key.
func recordKey(t *feed.Table, uses []string) string {
	if t.Rules.Subject != "register" && t.Rules.Subject != "key" {
		return ""
	}
	for _, use := range uses {
		if use == "identity:local_id" || use == "identity:local_id@person" {
			return "record_key"
		}
		if subject, ok := strings.CutPrefix(use, "identity:local_id@"); ok {
			return subject + "_record_key"
		}
	}
	return ""
}

// keyColumns are the columns that name the same fact when they agree; none
// means that rows are never compared.
func keyColumns(c *feed.Contract, t *feed.Table) ([]feed.PayloadColumn, error) {
	if c.Delivery.Refresh == "stack" {
		return nil, nil
	}
	names := t.Rules.Unique
	if len(names) == 0 {
		for _, p := range t.Properties {
			if p.PrimaryKey {
				names = append(names, p.Name)
			}
		}
	}
	columns := make([]feed.PayloadColumn, len(names))
	for i, name := range names {
		var err error
		if columns[i], err = payloadColumn(c, t, name); err != nil {
			return nil, err
		}
	}
	return columns, nil
}

// trueWords are the ways files write yes.
func trueWords() []string { return []string{"1", "true", "t", "yes", "y"} }

// equalsAny is SQL that says whether a payload column of p holds one of the
// values a contract names. A boolean column holds them as typed.
func equalsAny(column feed.PayloadColumn, values []string) string {
	name := "p." + duck.Name(column.Name)
	if column.Type != "BOOLEAN" {
		return "coalesce(list_contains(" + duck.Texts(values) + ", CAST(" + name + " AS VARCHAR)), false)"
	}
	var forms []string
	yes := func(v string) bool { return slices.Contains(trueWords(), strings.ToLower(v)) }
	if slices.ContainsFunc(values, yes) {
		forms = append(forms, name)
	}
	if slices.ContainsFunc(values, func(v string) bool { return !yes(v) }) {
		forms = append(forms, "NOT "+name)
	}
	return "coalesce(" + strings.Join(forms, " OR ") + ", false)"
}

// deletedExpression says whether a payload row p takes its key away.
func deletedExpression(c *feed.Contract, t *feed.Table) (string, error) {
	if t.Rules.Deleted == "" {
		return "false", nil
	}
	column, err := payloadColumn(c, t, t.Rules.Deleted)
	if err != nil {
		return "", err
	}
	return equalsAny(column, t.Rules.DeletedValues), nil
}

// preferences are the columns that choose among rows of one delivery and key,
// as o1, o2, ..., and the terms that order by them, best first.
func preferences(c *feed.Contract, t *feed.Table) (columns []term, order []string, err error) {
	for i, preferred := range t.Rules.Prefer {
		bare := strings.TrimLeft(preferred, "-?")
		marks := preferred[:len(preferred)-len(bare)]
		column, err := payloadColumn(c, t, bare)
		if err != nil {
			return nil, nil, err
		}
		alias := fmt.Sprintf("o%d", i+1)
		direction, nulls := " DESC", " NULLS LAST"
		if strings.Contains(marks, "-") {
			direction = " ASC"
		}
		if strings.Contains(marks, "?") {
			nulls = " NULLS FIRST"
		}
		columns, order = append(columns, term{"p." + duck.Name(column.Name), alias}), append(order, alias+direction+nulls)
	}
	return columns, order, nil
}

// render fills a SQL template. What is filled in passed through duck.Name or
// duck.Text, or is a number.
func render(name, text string, data any) (string, error) {
	parsed, err := template.New(name).Option("missingkey=error").Parse(text)
	if err != nil {
		return "", err
	}
	var out strings.Builder
	err = parsed.Execute(&out, data)
	return out.String(), err
}
