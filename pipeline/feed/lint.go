package feed

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"tre/internal/pattern"
)

// lint gathers faults, so that whoever writes a contract sees them all at once.
type lint struct {
	contract *Contract
	faults   []error
}

func (l *lint) add(format string, args ...any) {
	l.faults = append(l.faults, fmt.Errorf(format, args...))
}

// check adds a fault unless a condition holds.
func (l *lint) check(holds bool, format string, args ...any) {
	if !holds {
		l.add(format, args...)
	}
}

// oneOf adds a fault unless a value is one of those known.
func (l *lint) oneOf(where, value string, known ...string) {
	if !slices.Contains(known, value) {
		l.add("%s: %q is not one of %s", where, value, strings.Join(known, ", "))
	}
}

// Lint says everything that is wrong with a contract, each fault with the
// table, the column and the rule it is about, or nil.
func (c *Contract) Lint() error {
	l := &lint{contract: c}
	l.header()
	l.reading()
	l.delivery()
	l.tables()
	return errors.Join(l.faults...)
}

func (l *lint) header() {
	c := l.contract
	l.oneOf("apiVersion", c.APIVersion, "v3.1.0")
	l.oneOf("kind", c.Kind, "DataContract")
	l.check(identifierForm.MatchString(c.ID), "id: must be lower-case letters, digits and _, beginning with a letter")
	l.check(c.Name != "", "name: is missing")
	if _, err := parseVersion(c.Version); err != nil {
		l.add("version: %w", err)
	}
	l.oneOf("status", c.Status, "proposed", "draft", "active", "deprecated", "retired")
	l.check(identifierForm.MatchString(c.Domain), "domain: must be lower-case letters, digits and _, beginning with a letter")
	l.check(c.Description.Purpose != "", "description: purpose is missing")
	l.properties("contract", c.CustomProperties, "tre.reading", "tre.delivery")
	for _, name := range []string{"tre.reading", "tre.delivery"} {
		l.check(hasCustom(c.CustomProperties, name), "customProperties: %s is missing", name)
	}
}

// properties refuses a misspelt extension, which would otherwise be a rule
// that silently does nothing, and one given twice, of which one would win.
func (l *lint) properties(where string, list []CustomProperty, known ...string) {
	seen := map[string]bool{}
	for _, p := range list {
		if !strings.HasPrefix(p.Property, "tre.") {
			continue
		}
		l.oneOf(where+": customProperties", p.Property, known...)
		l.check(!seen[p.Property], "%s: customProperties: %s is given twice", where, p.Property)
		seen[p.Property] = true
	}
}

func hasCustom(list []CustomProperty, name string) bool {
	return slices.ContainsFunc(list, func(p CustomProperty) bool { return p.Property == name })
}

func (l *lint) reading() {
	r := l.contract.Reading
	l.oneOf("tre.reading: container", r.Container, "csv", "zip")
	l.oneOf("tre.reading: encoding", r.Encoding, "utf-8", "windows-1252")
	l.check(len(r.Delimiter) == 1 && r.Delimiter[0] < utf8.RuneSelf, "tre.reading: delimiter: must be one ASCII character")
	l.check(r.Quote == "" || len(r.Quote) == 1 && r.Quote[0] < utf8.RuneSelf, "tre.reading: quote: must be one ASCII character, or empty for none")
	l.check(r.Quote == "" || r.Quote != r.Delimiter, "tre.reading: quote: must differ from the delimiter")
	l.check(r.Manifest == "" || r.Container == "zip", "tre.reading: manifest: only a zip container has one")
	l.check(!strings.ContainsAny(r.Manifest, `/\`), "tre.reading: manifest: must be a file name, not a path")
	l.oneOf("tre.reading: extraColumns", r.ExtraColumns, "", "refuse", "drop")
	l.format("tre.reading: dateFormat", "date", r.DateFormat)
	l.format("tre.reading: timestampFormat", "timestamp", r.TimestampFormat)
	l.format("tre.reading: timeFormat", "time", r.TimeFormat)
	for i, d := range r.NullDates {
		_, err := time.Parse(time.DateOnly, d)
		l.check(err == nil, "tre.reading: nullDates: entry %d is not a date written yyyy-MM-dd", i+1)
	}
	for _, t := range l.contract.Schema {
		for _, p := range t.Properties {
			l.formatGiven(t, p)
		}
	}
}

// formatGiven refuses a date column whose form is stated nowhere: nothing is
// sniffed.
func (l *lint) formatGiven(t Table, p Property) {
	r := l.contract.Reading
	formats := map[string]string{"date": r.DateFormat, "timestamp": r.TimestampFormat, "time": r.TimeFormat}
	general, dated := formats[p.LogicalType]
	if dated && general == "" && p.LogicalTypeOptions.Format == "" {
		l.add("table %s: column %s: no format: neither its own nor one in tre.reading for every %s", t.Name, p.Name, p.LogicalType)
	}
}

var formatForm = pattern.New(`^(yyyy|MMM|MM|dd|HH|mm|ss|[-/ :.T])+$`)

// format checks a date layout written in the standard's letters. A date may
// lack its day: some are published as a month.
func (l *lint) format(where, logicalType, format string) {
	if format == "" {
		return
	}
	needs := map[string][]string{
		"date":      {"yyyy", "MM"},
		"timestamp": {"yyyy", "MM", "dd", "HH", "mm"},
		"time":      {"HH", "mm"},
	}[logicalType]
	sound := formatForm.MatchString(format) && needs != nil
	for _, part := range needs {
		sound = sound && strings.Contains(format, part)
	}
	l.check(sound, "%s: %q is not the layout of a %s in the letters yyyy MM MMM dd HH mm ss", where, format, logicalType)
}

func (l *lint) delivery() {
	d := l.contract.Delivery
	l.oneOf("tre.delivery: refresh", d.Refresh, "delta", "full", "period", "submission", "stack")
	l.check(d.ShrinkPercent >= 0 && d.ShrinkPercent <= 100, "tre.delivery: shrinkPercent: must be 0 to 100")
	l.check(d.RejectPercent >= 0 && d.RejectPercent <= 100, "tre.delivery: rejectPercent: must be 0 to 100")
	l.deliveryPattern()
	if d.VersionColumn == "" {
		l.check(len(d.Versions) == 0, "tre.delivery: versions: there is no versionColumn to compare them with")
		return
	}
	l.check(len(d.Versions) > 0, "tre.delivery: versions: are missing, and versionColumn is given")
	table, column, _ := strings.Cut(d.VersionColumn, ".")
	t := l.contract.table(table)
	l.check(t != nil && t.column(column) != nil, "tre.delivery: versionColumn: %q is not a table.column of this contract", d.VersionColumn)
}

func (l *lint) deliveryPattern() {
	d := l.contract.Delivery
	re, err := regexp.Compile(d.Pattern)
	if err != nil || d.Pattern == "" {
		l.add("tre.delivery: pattern: is missing or not a regular expression (RE2)")
		return
	}
	groups := slices.DeleteFunc(re.SubexpNames(), func(name string) bool { return name == "" })
	for _, name := range groups {
		l.oneOf("tre.delivery: pattern: group", name, "produced", "start", "end")
	}
	l.check(slices.Contains(groups, "produced"), "tre.delivery: pattern: needs the group produced: deliveries are ordered by it")
	if d.Refresh == "period" || d.Refresh == "submission" {
		l.check(slices.Contains(groups, "start") && slices.Contains(groups, "end"),
			"tre.delivery: pattern: refresh %s needs the groups start and end", d.Refresh)
	}
}

// table gives the table of a name, or nil.
func (c *Contract) table(name string) *Table {
	for i := range c.Schema {
		if c.Schema[i].Name == name {
			return &c.Schema[i]
		}
	}
	return nil
}

// column gives the column of a published name, or nil.
func (t *Table) column(name string) *Property {
	for i := range t.Properties {
		if t.Properties[i].Name == name {
			return &t.Properties[i]
		}
	}
	return nil
}
