package feed

import (
	"slices"
	"strings"
)

func (d *diff) tables(old, next *Contract) {
	for i := range old.Schema {
		t := &old.Schema[i]
		if next.table(t.Name) == nil {
			d.add(Major, "table "+t.Name, "removed or renamed")
			continue
		}
		d.table(t, next.table(t.Name))
	}
	for _, t := range next.Schema {
		switch {
		case old.table(t.Name) != nil:
		case t.Rules.Mandatory:
			d.add(Major, "table "+t.Name, "added, and every delivery must have it")
		default:
			d.add(Minor, "table "+t.Name, "added")
		}
	}
}

func (d *diff) table(old, next *Table) {
	here := "table " + old.Name
	d.changed(Major, here, "physicalName", old.PhysicalName, next.PhysicalName)
	d.changed(Patch, here, "description", old.Description, next.Description)
	a, b := old.Rules, next.Rules
	d.changed(Major, here, "files", a.Files, b.Files)
	d.tightened(here, "every delivery must have it", a.Mandatory, b.Mandatory)
	d.changed(Major, here, "subject", a.Subject, b.Subject)
	d.changed(Major, here, "month", a.Month, b.Month)
	d.changed(Major, here, "deleted", []any{a.Deleted, a.DeletedValues}, []any{b.Deleted, b.DeletedValues})
	d.changed(Major, here, "unique", a.Unique, b.Unique)
	d.changed(Major, here, "prefer", a.Prefer, b.Prefer)
	d.changed(Major, here, "withdrawn", a.Withdrawn, b.Withdrawn)
	d.changed(Major, here, "reference", a.Reference, b.Reference)
	d.repeated(here, a.RejectRepeated, b.RejectRepeated)
	d.columns(here, old, next)
}

// repeated adds Major for a column in which values may no longer repeat.
func (d *diff) repeated(here string, old, next []string) {
	for _, name := range next {
		if !slices.Contains(old, name) {
			d.add(Major, here, "a value repeated in column %s newly rejects the file", name)
		}
	}
	for _, name := range old {
		if !slices.Contains(next, name) {
			d.add(Minor, here, "a value repeated in column %s no longer rejects the file", name)
		}
	}
}

func (d *diff) columns(here string, old, next *Table) {
	for i := range old.Properties {
		p := &old.Properties[i]
		if other := next.column(p.Name); other != nil {
			d.column(here+": column "+p.Name, p, other)
			continue
		}
		what := "removed"
		if i < len(next.Properties) && old.column(next.Properties[i].Name) == nil {
			what = "removed, or renamed to " + next.Properties[i].Name
		}
		d.add(Major, here+": column "+p.Name, "%s", what)
	}
	for _, p := range next.Properties {
		switch {
		case old.column(p.Name) != nil:
		case p.Required:
			d.add(Major, here+": column "+p.Name, "added, and required")
		default:
			d.add(Minor, here+": column "+p.Name, "added")
		}
	}
	if !slices.Equal(sharedOrder(old, next), sharedOrder(next, old)) {
		d.add(Major, here, "the order of columns changed")
	}
}

// sharedOrder lists the columns of a table that another has too, in order.
func sharedOrder(t, other *Table) []string {
	var names []string
	for _, p := range t.Properties {
		if other.column(p.Name) != nil {
			names = append(names, p.Name)
		}
	}
	return names
}

func (d *diff) column(here string, old, next *Property) {
	d.changed(Patch, here, "businessName", old.BusinessName, next.BusinessName)
	d.changed(Patch, here, "classification", old.Classification, next.Classification)
	switch {
	case old.LogicalType == next.LogicalType:
	case old.LogicalType == "integer" && next.LogicalType == "number":
		d.add(Minor, here, "logicalType widened from integer to number")
	default:
		d.add(Major, here, "logicalType changed from %s to %s", old.LogicalType, next.LogicalType)
	}
	d.tightened(here, "required", old.Required, next.Required)
	d.changed(Major, here, "primaryKey", old.PrimaryKey, next.PrimaryKey)
	d.options(here, old.LogicalTypeOptions, next.LogicalTypeOptions)
	d.quality(here, old.Quality, next.Quality)
	d.rules(here, old, next)
}

func (d *diff) options(here string, old, next TypeOptions) {
	d.pattern(here, old.Pattern, next.Pattern)
	d.changed(Major, here, "format", old.Format, next.Format)
	length := func(n int) *float64 {
		if n == 0 {
			return nil
		}
		f := float64(n)
		return &f
	}
	d.limit(here, "minLength", length(old.MinLength), length(next.MinLength), false)
	d.limit(here, "maxLength", length(old.MaxLength), length(next.MaxLength), true)
	d.limit(here, "minimum", old.Minimum, next.Minimum, false)
	d.limit(here, "maximum", old.Maximum, next.Maximum, true)
}

// pattern takes any new pattern for a stricter one: whether one regular
// expression allows all that another does is not worth deciding.
func (d *diff) pattern(here, old, next string) {
	switch {
	case old == next:
	case next == "":
		d.add(Minor, here, "pattern removed")
	default:
		d.add(Major, here, "pattern added or changed")
	}
}

func (d *diff) quality(here string, old, next []Quality) {
	find := func(list []Quality, id string) int {
		return slices.IndexFunc(list, func(q Quality) bool { return q.ID == id })
	}
	for _, q := range old {
		at := find(next, q.ID)
		if at < 0 {
			d.add(Minor, here, "quality rule %s removed", q.ID)
			continue
		}
		d.values(here+": quality "+q.ID, q.Arguments.ValidValues, next[at].Arguments.ValidValues)
		d.pattern(here+": quality "+q.ID, q.Arguments.Pattern, next[at].Arguments.Pattern)
		d.severity(here+": quality "+q.ID, q.Severity, next[at].Severity)
		d.changed(Patch, here+": quality "+q.ID, "dimension", q.Dimension, next[at].Dimension)
	}
	for _, q := range next {
		if find(old, q.ID) < 0 {
			d.add(Major, here, "quality rule %s added", q.ID)
		}
	}
}

func (d *diff) severity(here, old, next string) {
	ranks := []string{"", "warning", "error", "reject_file"}
	switch from, to := slices.Index(ranks, old), slices.Index(ranks, next); {
	case to > from:
		d.add(Major, here, "severity raised to %s", next)
	case to < from:
		d.add(Minor, here, "severity lowered")
	}
}

func (d *diff) rules(here string, old, next *Property) {
	a, b := old.Rules, next.Rules
	for _, use := range a.Use {
		if !slices.Contains(b.Use, use) {
			d.add(Major, here, "use %s removed", use)
		}
	}
	for _, use := range b.Use {
		if slices.Contains(a.Use, use) {
			continue
		}
		class := Minor // readers are given a column more
		if strings.HasPrefix(use, "identity:") || slices.Contains([]string{"provider", "withheld", "test", "version"}, use) {
			class = Major
		}
		d.add(class, here, "use %s added", use)
	}
	d.changed(Major, here, "domain", a.Domain, b.Domain)
	d.changed(Major, here, "scope", orText(a.Scope, "provider"), orText(b.Scope, "provider"))
	d.changed(Major, here, "normalise", orText(a.Normalise, "none"), orText(b.Normalise, "none"))
	d.changed(Major, here, "values", a.Values, b.Values)
	d.changed(Minor, here, "default values", a.Default, b.Default)
	d.changed(Minor, here, "other values", a.Other, b.Other)
	d.severity(here, severityGiven(old), severityGiven(next))
}

// severityGiven is a column's severity, or what it is when none is given.
func severityGiven(p *Property) string {
	local := slices.ContainsFunc(p.Rules.Use, func(use string) bool {
		return use == "key" || strings.HasPrefix(use, "identity:local_id")
	})
	switch {
	case p.Rules.Severity != "":
		return p.Rules.Severity
	case p.Required || local:
		return "error"
	}
	return "warning"
}

func orText(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
