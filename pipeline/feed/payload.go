package feed

import "slices"

// PayloadColumn is a column of the payload side of a table, as the mappings
// onto the canonical tables see it.
type PayloadColumn struct {
	Name string
	Type string // of DuckDB: VARCHAR, BIGINT, DOUBLE, DATE, TIMESTAMP, BOOLEAN, UUID

	generalised bool // made from a value, not a published column
}

// Payload lists the columns of the payload side of a table, in order: the
// record keys, _delivery and _row, then what the contract lets through, under
// its published name. A column that is both payload and key stands twice, the
// key as NAME_key.
func (t *Table) Payload() []PayloadColumn {
	var columns []PayloadColumn
	if t.Rules.Subject != "none" {
		columns = append(columns, PayloadColumn{"record_key", "UUID", false})
	}
	for _, subject := range t.Subjects() {
		if subject != "person" {
			columns = append(columns, PayloadColumn{subject + "_record_key", "UUID", false})
		}
	}
	columns = append(columns, PayloadColumn{"_delivery", "VARCHAR", false}, PayloadColumn{"_row", "BIGINT", false})
	for i := range t.Properties {
		for _, c := range t.Properties[i].payload() {
			// Several columns may give the birth month or the small area; the
			// first filled one counts.
			if !c.generalised || !slices.Contains(columns, c) {
				columns = append(columns, c)
			}
		}
	}
	return columns
}

// Subjects lists whom a table's rows are about, person first, then the others
// in the order of their columns. It is empty for a table about nobody.
func (t *Table) Subjects() []string {
	var others []string
	for _, p := range t.Properties {
		for _, use := range p.Rules.Use {
			_, subject, ok := identityUse(use)
			if ok && subject != "person" && !slices.Contains(others, subject) {
				others = append(others, subject)
			}
		}
	}
	if t.Rules.Subject == "none" {
		return others
	}
	return append([]string{"person"}, others...)
}

func (p *Property) payload() []PayloadColumn {
	var columns []PayloadColumn
	typed := slices.Contains(p.Rules.Use, "payload")
	for _, use := range p.Rules.Use {
		switch use {
		case "payload":
			columns = append(columns, PayloadColumn{p.Name, sqlType(p.LogicalType), false})
		case "key":
			name := p.Name
			if typed {
				name += "_key"
			}
			columns = append(columns, PayloadColumn{name, "UUID", false})
		case "birth_month":
			columns = append(columns, PayloadColumn{"birth_month", "DATE", true})
		case "small_area":
			columns = append(columns, PayloadColumn{"lsoa_2011", "VARCHAR", true}, PayloadColumn{"lsoa_2021", "VARCHAR", true})
		}
	}
	return columns
}

// sqlType gives the DuckDB type of a logical type. Times stay text HH:mm:ss:
// they are never reckoned with, and every reader knows text.
func sqlType(logicalType string) string {
	types := map[string]string{
		"integer": "BIGINT", "number": "DOUBLE", "date": "DATE", "timestamp": "TIMESTAMP", "boolean": "BOOLEAN",
	}
	if t, ok := types[logicalType]; ok {
		return t
	}
	return "VARCHAR"
}
