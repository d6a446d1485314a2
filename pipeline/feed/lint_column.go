package feed

import (
	"regexp"
	"slices"
	"strings"

	"tre/internal/pattern"
)

// Roles lists what a column can say about who someone is, as in
// "identity:surname".
func Roles() []string {
	return []string{
		"local_id", "org", "nhs_number", "nhs_number_status", "forename", "middle_names", "surname",
		"previous_surname", "birth_date", "birth_month_year", "age", "sex", "postcode", "address", "death_date", "practice",
	}
}

// identityUse splits "identity:ROLE" or "identity:ROLE@SUBJECT"; the subject
// is person when none is named.
func identityUse(use string) (role, subject string, ok bool) {
	rest, ok := strings.CutPrefix(use, "identity:")
	if !ok {
		return "", "", false
	}
	role, subject, named := strings.Cut(rest, "@")
	if !named {
		subject = "person"
	}
	return role, subject, true
}

func (l *lint) columns(t *Table) {
	l.check(len(t.Properties) > 0, "table %s: has no column", t.Name)
	seen := map[string]bool{}
	for i := range t.Properties {
		p := &t.Properties[i]
		// SQL does not tell upper from lower case in names.
		lower := strings.ToLower(p.Name)
		l.check(p.Name != "", "table %s: column %d: name: is missing", t.Name, i+1)
		l.check(!seen[lower], "table %s: column %s: is given twice", t.Name, p.Name)
		seen[lower] = true
		l.column("table "+t.Name+": column "+p.Name, p)
	}
	l.payloadNames(t)
}

func (l *lint) column(where string, p *Property) {
	l.oneOf(where+": logicalType", p.LogicalType, "string", "integer", "number", "date", "timestamp", "time", "boolean")
	l.oneOf(where+": classification", p.Classification, "", "direct-identifier", "quasi-identifier", "clinical", "administrative")
	l.properties(where, p.CustomProperties, "tre.column")
	l.options(where, p)
	l.quality(where, p)
	r := p.Rules
	l.oneOf(where+": tre.column: scope", r.Scope, "", "provider", "feed")
	l.oneOf(where+": tre.column: normalise", r.Normalise, "", "none", "guid", "upper")
	l.oneOf(where+": tre.column: severity", r.Severity, "", "reject_file", "error", "warning")
	l.check(r.Domain == "" || l.resolves(r.Domain), "%s: tre.column: domain: %q is neither a column of this contract nor table.column", where, r.Domain)
	l.uses(where, p)
	l.sexValues(where, p)
}

func (l *lint) options(where string, p *Property) {
	o := p.LogicalTypeOptions
	text := p.LogicalType == "string"
	l.check(text || o.Pattern == "" && o.MinLength == 0 && o.MaxLength == 0,
		"%s: logicalTypeOptions: pattern and lengths belong to strings", where)
	l.pattern(where+": logicalTypeOptions: pattern", o.Pattern)
	l.check(o.MinLength >= 0 && (o.MaxLength == 0 || o.MinLength <= o.MaxLength), "%s: logicalTypeOptions: minLength is above maxLength", where)
	counted := p.LogicalType == "integer" || p.LogicalType == "number"
	l.check(counted || o.Minimum == nil && o.Maximum == nil, "%s: logicalTypeOptions: minimum and maximum belong to integers and numbers", where)
	l.check(o.Minimum == nil || o.Maximum == nil || *o.Minimum <= *o.Maximum, "%s: logicalTypeOptions: minimum is above maximum", where)
	l.format(where+": logicalTypeOptions: format", p.LogicalType, o.Format)
}

func (l *lint) pattern(where, pattern string) {
	_, err := regexp.Compile(pattern)
	l.check(err == nil, "%s: is not a regular expression (RE2)", where)
}

var qualityForm = pattern.New(`^[A-Za-z0-9_-]+$`)

func (l *lint) quality(where string, p *Property) {
	seen := map[string]bool{}
	for _, q := range p.Quality {
		at := where + ": quality " + q.ID
		l.check(qualityForm.MatchString(q.ID) && !seen[q.ID], "%s: id: must be letters, digits, _ and -, and differ from the column's others", at)
		seen[q.ID] = true
		l.oneOf(at+": metric", q.Metric, "invalidValues")
		l.oneOf(at+": severity", q.Severity, "", "reject_file", "error", "warning")
		l.oneOf(at+": dimension", q.Dimension, "", "accuracy", "completeness", "conformity", "consistency", "coverage", "timeliness", "uniqueness")
		l.check((len(q.Arguments.ValidValues) > 0) != (q.Arguments.Pattern != ""), "%s: arguments: either validValues or pattern", at)
		l.check(q.MustBe != nil && *q.MustBe == 0, "%s: mustBe: must be 0", at)
		l.pattern(at+": arguments: pattern", q.Arguments.Pattern)
	}
}

// resolves reports whether a domain is the name of a column, or table.column
// by either of the table's names.
func (l *lint) resolves(domain string) bool {
	table, column, qualified := strings.Cut(domain, ".")
	for i := range l.contract.Schema {
		t := &l.contract.Schema[i]
		if t.column(domain) != nil {
			return true
		}
		if qualified && (t.Name == table || t.PhysicalName == table) && t.column(column) != nil {
			return true
		}
	}
	return false
}

func (l *lint) uses(where string, p *Property) {
	seen := map[string]bool{}
	for _, use := range p.Rules.Use {
		at := where + ": tre.column: use " + use
		l.check(!seen[use], "%s: is given twice", at)
		seen[use] = true
		role, subject, identity := identityUse(use)
		switch {
		case identity:
			l.check(slices.Contains(Roles(), role), "%s: %q is not a role", at, role)
			l.check(identifierForm.MatchString(subject), "%s: %q is not a subject", at, subject)
			dated := role == "birth_date" || role == "death_date" || role == "birth_month_year"
			l.check(!dated || isDated(p.LogicalType), "%s: the column must be a date or timestamp", at)
			l.check(role != "age" || p.LogicalType == "integer" || p.LogicalType == "string", "%s: the column must be an integer or a string", at)
		case use == "payload":
			l.check(p.Classification != "direct-identifier", "%s: a direct identifier never goes to the payload", at)
		case use == "birth_month":
			l.check(isDated(p.LogicalType), "%s: the column must be a date or timestamp", at)
		case use == "key" || use == "small_area":
			l.check(p.LogicalType == "string", "%s: the column must be a string", at)
		default:
			l.oneOf(where+": tre.column: use", use, "payload", "key", "birth_month", "small_area", "provider", "withheld", "test", "version", "identity:ROLE")
		}
	}
}

func (l *lint) sexValues(where string, p *Property) {
	sex := slices.ContainsFunc(p.Rules.Use, func(use string) bool {
		role, _, _ := identityUse(use)
		return role == "sex"
	})
	l.check(!sex || len(p.Rules.Values) > 0, "%s: tre.column: values: are missing, and feeds differ in what their codes for sex mean", where)
	l.check(sex || len(p.Rules.Values) == 0, "%s: tre.column: values: belong to identity:sex", where)
	for _, meaning := range p.Rules.Values {
		if !slices.Contains([]string{"male", "female", "indeterminate", "unknown"}, meaning) {
			l.add("%s: tre.column: values: %q is not male, female, indeterminate or unknown", where, meaning)
			return
		}
	}
}

// payloadNames refuses two payload columns of one name.
func (l *lint) payloadNames(t *Table) {
	seen := map[string]bool{}
	for _, c := range t.Payload() {
		lower := strings.ToLower(c.Name)
		l.check(!seen[lower], "table %s: column %s: would stand twice on the payload side", t.Name, c.Name)
		seen[lower] = true
	}
}
