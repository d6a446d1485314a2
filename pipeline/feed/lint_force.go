package feed

import (
	"slices"
	"strings"
)

// inForce checks that the columns which decide what rows are in force reach
// the payload: nothing else of a row is there when that is decided.
func (l *lint) inForce(t *Table) {
	refresh := l.contract.Delivery.Refresh
	l.reaches(t, "deleted", t.Rules.Deleted)
	if refresh == "period" {
		l.reaches(t, "month", t.Rules.Month)
	}
	if refresh == "stack" {
		return
	}
	for _, name := range t.Rules.Prefer {
		l.reaches(t, "prefer", strings.TrimLeft(name, "-?"))
	}
	for _, name := range t.Rules.Unique {
		l.reaches(t, "unique", name)
	}
	for _, p := range t.Properties {
		if p.PrimaryKey && len(t.Rules.Unique) == 0 {
			l.reaches(t, "primaryKey", p.Name)
		}
	}
}

func (l *lint) reaches(t *Table, rule, name string) {
	p := t.column(name)
	if p == nil || len(p.Rules.Use) == 0 && p.PrimaryKey {
		return // said elsewhere
	}
	people := t.Rules.Subject == "register" || t.Rules.Subject == "key"
	reached := slices.ContainsFunc(p.Rules.Use, func(use string) bool {
		role, _, identity := identityUse(use)
		return use == "payload" || use == "key" || identity && role == "local_id" && people
	})
	l.check(reached, "table %s: column %s: %s: needs the use payload or key: it decides which rows are in force", t.Name, name, rule)
}
