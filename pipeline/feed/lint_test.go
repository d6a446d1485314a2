package feed

import (
	"os"
	"strings"
	"testing"
)

// sample is a small sound contract that tests change one thing in.
func sample(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("testdata/contracts/sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// changed replaces text that must occur exactly once.
func changed(t *testing.T, text, old, next string) string {
	t.Helper()
	if strings.Count(text, old) != 1 {
		t.Fatalf("%q occurs %d times in the sample", old, strings.Count(text, old))
	}
	return strings.Replace(text, old, next, 1)
}

func TestSampleIsSound(t *testing.T) {
	if _, err := Parse([]byte(sample(t))); err != nil {
		t.Fatal(err)
	}
}

func TestLintNamesTableColumnAndRule(t *testing.T) {
	for _, c := range []struct{ old, next, want string }{
		{"apiVersion: v3.1.0", "apiVersion: v2.0.0", "apiVersion"},
		{"id: sample", "id: Sample-1", "id: must be"},
		{"version: 1.2.3", "version: 1.2", "version: must be three numbers"},
		{"version: 1.2.3", "version: 01.2.3", "version: must be three numbers"},
		{"status: active", "status: done", "status"},
		{"  purpose: Tests.", "  usage: Tests.", "purpose is missing"},
		{"property: tre.reading", "property: tre.readings", "tre.readings"},
		{"encoding: utf-8", "encoding: utf-16", "tre.reading: encoding"},
		{"delimiter: '|'", "delimiter: '||'", "tre.reading: delimiter"},
		{"delimiter: '|'", "delimiter: '¬'", "tre.reading: delimiter: must be one ASCII character"},
		{"delimiter: '|'", "delimiter: ''", "tre.reading: delimiter"},
		{"quote: '\"'", "quote: '“'", "tre.reading: quote: must be one ASCII character"},
		{"quote: '\"'", "quote: '|'", "tre.reading: quote"},
		{"dateFormat: dd/MM/yyyy", "dateFormat: DD/MM/YYYY", "tre.reading: dateFormat"},
		{"dateFormat: dd/MM/yyyy, ", "", "column BORN: no format"},
		{"nullDates: ['1900-01-01']", "nullDates: ['01/01/1900']", "nullDates: entry 1"},
		{"refresh: delta", "refresh: sometimes", "tre.delivery: refresh"},
		{"refresh: delta", "refresh: period", "needs the groups start and end"},
		{"(?P<produced>[0-9]{8})", "([0-9]{8}", "pattern: is missing or not"},
		{"(?P<produced>[0-9]{8})", "([0-9]{8})", "needs the group produced"},
		{"(?P<produced>[0-9]{8})", "(?P<produced>[0-9]{8})(?P<made>x)?", "tre.delivery: pattern: group"},
		{"versionColumn: people.LAYOUT", "versionColumn: people.LAYOUTS", "versionColumn"},
		{"versions: ['7']", "versions: []", "versions: are missing"},
		{"name: people", "name: People", "table People: name"},
		{"name: events", "name: people", "table people: is given twice"},
		{"physicalName: People", "physicalName: ''", "table people: physicalName"},
		{"subject: register", "subject: registers", "table people: tre.table: subject"},
		{"files: 'people\\.csv'", "files: '(people'", "table people: tre.table: files"},
		{"month: SEEN", "month: KIND", "table events: tre.table: month"},
		{"deleted: GONE", "deleted: WENT", "table people: tre.table: deleted"},
		{"deletedValues: ['1']", "deletedValues: []", "table people: tre.table: deletedValues"},
		{"unique: [EVENT]", "unique: [EVENTS]", "table events: tre.table: unique"},
		{"prefer: ['-SEEN']", "prefer: ['-SAW']", "table events: tre.table: prefer"},
		{"deletedValues: ['1'],", "deletedValues: ['1'], rejectRepeated: [IDS],", `table people: tre.table: rejectRepeated: "IDS" is not a column`},
		{"deletedValues: ['1'],", "deletedValues: ['1'], rejectRepeated: [ID, ID],", `table people: tre.table: rejectRepeated: "ID" is given twice`},
		{"deletedValues: ['1'],", "deletedValues: ['1'], rejectRepeated: [BORN],", `table people: tre.table: rejectRepeated: "BORN" must be a string column`},
		{"prefer: ['-SEEN']", "rejectRepeated: [EVENT]", "table events: tre.table: rejectRepeated: the subject must be register"},
		{"name: WEIGHT, logicalType: number, logicalTypeOptions: {minimum: 0, maximum: 400},\n         customProperties: [{property: tre.column, value: {use: [payload]}}]",
			"name: WEIGHT, logicalType: number, customProperties: [{property: tre.column, value: {use: ['identity:age']}}]",
			"table events: column WEIGHT: tre.column: use identity:age: the column must be an integer or a string"},
		{"name: NOTE, logicalType: string", "name: NOTE, logicalType: string, customProperties: [{property: tre.column, value: {use: ['identity:birth_month_year']}}]",
			"table events: column NOTE: tre.column: use identity:birth_month_year: the column must be a date"},
		{"flag: CLOSED", "flag: SHUT", `table people: tre.table: withdrawn: "SHUT"`},
		{"table: places,", "table: place,", "table people: tre.table: withdrawn: table"},
		{"reference: true", "subject: key, reference: true", "mapping key"},
		{"name: KIND, logicalType: string", "name: KIND, logicalType: text", "table events: column KIND: logicalType"},
		{"name: KIND, logicalType: string", "name: event, logicalType: string", "table events: column event: is given twice"},
		{"pattern: '[0-9]{1,4}'", "pattern: '[0-9'", "table people: column ID: logicalTypeOptions: pattern"},
		{"minimum: 0", "minimum: 500", "table events: column WEIGHT: logicalTypeOptions: minimum is above"},
		{"metric: invalidValues", "metric: rowCount", "table people: column SEX: quality sex: metric"},
		{"severity: warning}]", "severity: info}]", "table people: column SEX: quality sex: severity"},
		{"mustBe: 0", "mustBe: 3", "table people: column SEX: quality sex: mustBe"},
		{"values: {'1': male, '2': female}", "values: {'1': man, '2': female}", "table people: column SEX: tre.column: values"},
		{", values: {'1': male, '2': female}", "", "table people: column SEX: tre.column: values: are missing"},
		{"identity:surname", "identity:nickname", `table people: column SURNAME: tre.column: use identity:nickname: "nickname" is not a role`},
		{"use: ['identity:birth_date', birth_month]", "use: ['identity:birth_date', birth_week]", "table people: column BORN: tre.column: use"},
		{"use: ['identity:surname']", "use: ['identity:surname', payload]", "a direct identifier never goes to the payload"},
		{"domain: people.ID", "domain: people.NUMBER", "table events: column PERSON: tre.column: domain"},
		{"scope: feed", "scope: world", "table events: column EVENT: tre.column: scope"},
		{"normalise: upper", "normalise: lower", "table events: column EVENT: tre.column: normalise"},
		{"use: [birth_month]", "use: [payload], names: 1", "names"},
		{"name: WEIGHT, logicalType: number", "name: _row, logicalType: number", "table events: column _row: would stand twice"},
	} {
		_, err := Parse([]byte(changed(t, sample(t), c.old, c.next)))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%q for %q: got %v, want an error with %q", c.next, c.old, err, c.want)
		}
	}
}

func TestParseRefusesWhatIsNotTheStandard(t *testing.T) {
	for _, c := range []struct{ old, next, want string }{
		{"status: active", "state: active", `"state" is not a word`},
		{"physicalName: People", "physicalname: People", `"physicalname" is not a word`},
		{"name: KIND, logicalType: string", "name: KIND, logicaltype: string", `"logicaltype" is not a word`},
		{"minimum: 0", "minimun: 0", `"minimun" is not a word`},
		{"metric: invalidValues", "metrics: invalidValues", `"metrics" is not a word`},
		{"status: active", "status: active\nstatus: active", "already defined"},
	} {
		_, err := Parse([]byte(changed(t, sample(t), c.old, c.next)))
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "line ") {
			t.Errorf("%q: got %v, want an error with %q and the line", c.next, err, c.want)
		}
	}
	for _, text := range []string{"", "[]", "- a", "a: [", "\xff", "*a", "schema: [3]"} {
		if _, err := Parse([]byte(text)); err == nil {
			t.Errorf("%q passes for a contract", text)
		}
	}
}

// FuzzParse: a contract is written by someone outside; no text may do more
// than be refused, and what passes must hash and differ from nothing.
func FuzzParse(f *testing.F) {
	data, err := os.ReadFile("testdata/contracts/sample.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("schema: [*a, &a {properties: *a}]"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse(data)
		if err != nil {
			return
		}
		if _, err := c.Hash(); err != nil {
			t.Fatal(err)
		}
		if change := Diff(c, c); change.Class != Same {
			t.Fatalf("differs from itself: %s", change.Text())
		}
	})
}
