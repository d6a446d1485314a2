package feed

import (
	"regexp"
	"slices"
	"strings"
)

func (l *lint) tables() {
	l.check(len(l.contract.Schema) > 0, "schema: has no table")
	seen := map[string]bool{}
	for i := range l.contract.Schema {
		t := &l.contract.Schema[i]
		l.check(!seen[t.Name], "table %s: is given twice", t.Name)
		seen[t.Name] = true
		l.table(t)
		l.columns(t)
	}
}

func (l *lint) table(t *Table) {
	l.check(identifierForm.MatchString(t.Name), "table %s: name: must be lower-case letters, digits and _, beginning with a letter", t.Name)
	l.check(t.PhysicalName != "", "table %s: physicalName: is missing", t.Name)
	l.properties("table "+t.Name, t.CustomProperties, "tre.table")
	l.check(hasCustom(t.CustomProperties, "tre.table"), "table %s: customProperties: tre.table is missing", t.Name)
	r := t.Rules
	_, err := regexp.Compile(r.Files)
	l.check(err == nil && r.Files != "", "table %s: tre.table: files: is missing or not a regular expression (RE2)", t.Name)
	l.oneOf("table "+t.Name+": tre.table: subject", r.Subject, "rows", "register", "key", "none")
	l.month(t)
	l.deleted(t)
	l.keys(t)
	l.withdrawn(t)
	l.subjects(t)
	l.repeated(t)
	l.inForce(t)
}

// repeated checks the columns whose values may not repeat. Telling values
// apart takes memory for each, which is bounded for people and not for events.
func (l *lint) repeated(t *Table) {
	columns := t.Rules.RejectRepeated
	l.check(len(columns) == 0 || t.Rules.Subject == "register",
		"table %s: tre.table: rejectRepeated: the subject must be register", t.Name)
	l.named(t, "rejectRepeated", columns, "")
	for _, name := range columns {
		p := t.column(name)
		l.check(p == nil || p.LogicalType == "string", "table %s: tre.table: rejectRepeated: %q must be a string column", t.Name, name)
	}
}

func (l *lint) month(t *Table) {
	name := t.Rules.Month
	if name == "" {
		l.check(l.contract.Delivery.Refresh != "period" || t.Rules.Reference,
			"table %s: tre.table: month: is missing, and refresh period replaces by it", t.Name)
		return
	}
	p := t.column(name)
	l.check(p != nil && isDated(p.LogicalType), "table %s: tre.table: month: %q is not a date or timestamp column of the table", t.Name, name)
}

func isDated(logicalType string) bool { return logicalType == "date" || logicalType == "timestamp" }

func (l *lint) deleted(t *Table) {
	r := t.Rules
	if r.Deleted == "" {
		l.check(len(r.DeletedValues) == 0, "table %s: tre.table: deletedValues: there is no deleted column", t.Name)
		return
	}
	l.check(t.column(r.Deleted) != nil, "table %s: tre.table: deleted: %q is not a column of the table", t.Name, r.Deleted)
	l.check(len(r.DeletedValues) > 0, "table %s: tre.table: deletedValues: are missing", t.Name)
	l.check(slices.Contains([]string{"delta", "submission"}, l.contract.Delivery.Refresh),
		"table %s: tre.table: deleted: only a delta can take a row back", t.Name)
}

// keys checks what names a fact: without it a delta has nothing to replace.
func (l *lint) keys(t *Table) {
	var primary []string
	for _, p := range t.Properties {
		if !p.PrimaryKey {
			continue
		}
		primary = append(primary, p.Name)
		l.check(p.Required, "table %s: column %s: primaryKey: must be required too", t.Name, p.Name)
		l.check(len(p.Rules.Use) > 0, "table %s: column %s: primaryKey: has no use, so no row could be found by it", t.Name, p.Name)
	}
	r := t.Rules
	l.named(t, "unique", r.Unique, "")
	l.named(t, "prefer", r.Prefer, "-?")
	l.check(len(primary)+len(r.Unique) > 0 || l.contract.Delivery.Refresh != "delta",
		"table %s: primaryKey: refresh delta needs one, or tre.table: unique", t.Name)
	l.check(!r.Reference || len(primary) > 0, "table %s: primaryKey: a reference table needs one", t.Name)
	l.check(!r.Reference || r.Subject == "none", "table %s: tre.table: reference: the subject must be none", t.Name)
}

// named checks that a list names columns of the table, once each.
func (l *lint) named(t *Table, rule string, columns []string, marks string) {
	seen := map[string]bool{}
	for _, name := range columns {
		bare := strings.TrimLeft(name, marks)
		l.check(t.column(bare) != nil, "table %s: tre.table: %s: %q is not a column of the table", t.Name, rule, name)
		l.check(!seen[name], "table %s: tre.table: %s: %q is given twice", t.Name, rule, name)
		seen[name] = true
	}
}

func (l *lint) withdrawn(t *Table) {
	w := t.Rules.Withdrawn
	if w == nil {
		return
	}
	l.check(t.column(w.Column) != nil, "table %s: tre.table: withdrawn: column: %q is not a column of the table", t.Name, w.Column)
	listed := l.contract.table(w.Table)
	if listed == nil {
		l.add("table %s: tre.table: withdrawn: table: %q is not a table of this contract", t.Name, w.Table)
		return
	}
	for _, name := range []string{w.Organisation, w.Flag, w.Active} {
		if name == "" && name != w.Organisation && w.Flag+w.Active != "" {
			continue
		}
		l.check(listed.column(name) != nil, "table %s: tre.table: withdrawn: %q is not a column of %s", t.Name, name, w.Table)
	}
}

// subjects checks that rows which name people can name them. A role may be
// given to several columns: the first filled one counts.
func (l *lint) subjects(t *Table) {
	given := map[string]bool{}
	for _, p := range t.Properties {
		for _, use := range p.Rules.Use {
			if role, subject, ok := identityUse(use); ok {
				given[role+"@"+subject] = true
			}
		}
	}
	switch t.Rules.Subject {
	case "none":
		l.check(len(given) == 0, "table %s: tre.table: subject: is none, but columns go to the identity side", t.Name)
	case "register", "key":
		l.check(given["local_id@person"], "table %s: tre.table: subject: %s needs a column with use identity:local_id", t.Name, t.Rules.Subject)
	case "rows":
		l.check(given["local_id@person"] || given["nhs_number@person"],
			"table %s: tre.table: subject: rows needs a column with use identity:local_id or identity:nhs_number", t.Name)
	}
}
