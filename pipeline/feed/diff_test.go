package feed

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func parsed(t *testing.T, text string) *Contract {
	t.Helper()
	c, err := Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestDiffClassesChanges(t *testing.T) {
	for _, c := range []struct {
		old, next string
		class     Class
		reason    string // where: what
	}{
		{"purpose: Tests.", "purpose: Better words.", Patch, "contract: description changed"},
		{"name: SURNAME,", "name: SURNAME, businessName: Family name,", Patch, "table people: column SURNAME: businessName changed"},
		{"classification: direct-identifier", "classification: quasi-identifier", Patch, "table people: column SURNAME: classification changed"},
		{"      - {name: NOTE, logicalType: string}\n", "", Major, "table events: column NOTE: removed"},
		{"name: NOTE", "name: NOTES", Major, "table events: column NOTE: removed, or renamed to NOTES"},
		{"      - {name: NOTE,", "      - {name: MORE, logicalType: string}\n      - {name: NOTE,", Minor, "table events: column MORE: added"},
		{"      - {name: NOTE,", "      - {name: MORE, logicalType: string, required: true}\n      - {name: NOTE,", Major, "table events: column MORE: added, and required"},
		{"      - {name: OPEN, logicalType: boolean}\n      - {name: CLOSED, logicalType: boolean}\n",
			"      - {name: CLOSED, logicalType: boolean}\n      - {name: OPEN, logicalType: boolean}\n", Major, "table places: the order of columns changed"},
		{"name: NOTE, logicalType: string", "name: NOTE, logicalType: date", Major, "table events: column NOTE: logicalType changed from string to date"},
		{"name: NOTE, logicalType: string", "name: NOTE, logicalType: string, required: true", Major, "table events: column NOTE: required"},
		{"['1', '2']", "['1']", Major, `table people: column SEX: quality sex: value "2" is no longer allowed`},
		{"['1', '2']", "['1', '2', '9']", Minor, `table people: column SEX: quality sex: value "9" is newly allowed`},
		{"severity: warning}]", "severity: error}]", Major, "table people: column SEX: quality sex: severity raised to error"},
		{"maximum: 400", "maximum: 300", Major, "table events: column WEIGHT: maximum is stricter"},
		{"maximum: 400", "maximum: 500", Minor, "table events: column WEIGHT: maximum is looser"},
		{"minimum: 0, ", "", Minor, "table events: column WEIGHT: minimum is looser"},
		{"minimum: 0, ", "minimum: 1, ", Major, "table events: column WEIGHT: minimum is stricter"},
		{"[0-9]{1,4}", "[0-9]{1,9}", Major, "table people: column ID: pattern added or changed"},
		{"encoding: utf-8", "encoding: windows-1252", Major, "contract: tre.reading: encoding changed"},
		{"dateFormat: dd/MM/yyyy", "dateFormat: yyyy-MM-dd", Major, "contract: tre.reading: dateFormat changed"},
		{"nullDates:", "extraColumns: drop, nullDates:", Minor, "contract: tre.reading: no longer extra columns are refused"},
		{"nullDates:", "optionalColumns: true, nullDates:", Minor, "contract: tre.reading: no longer every column must be in the header"},
		{"refresh: delta", "refresh: delta, rejectPercent: 1", Major, "contract: tre.delivery: rejectPercent is stricter"},
		{"refresh: delta", "refresh: delta, shrinkPercent: 10", Minor, "contract: tre.delivery: shrinkPercent is looser"},
		{"refresh: delta", "refresh: delta, shrinkPercent: 50", Same, ""},
		{"versions: ['7']", "versions: ['7', '8']", Minor, `contract: tre.delivery: versions: value "8" is newly allowed`},
		{"versions: ['7']", "versions: ['8']", Major, `contract: tre.delivery: versions: value "7" is no longer allowed`},
		{"mandatory: true", "mandatory: false", Minor, "table people: no longer every delivery must have it"},
		{"month: SEEN, ", "", Major, "table events: month changed"},
		{"subject: register, ", "subject: register, rejectRepeated: [ID], ", Major, "table people: a value repeated in column ID newly rejects the file"},
		{"scope: feed, ", "", Major, "table events: column EVENT: scope changed"},
		{"scope: feed, ", "scope: feed, severity: error, ", Same, ""},
		{"'identity:org', payload, key]", "'identity:org', key]", Major, "table people: column PLACE: use payload removed"},
		{"{name: NOTE, logicalType: string}", "{name: NOTE, logicalType: string, customProperties: [{property: tre.column, value: {use: [payload]}}]}",
			Minor, "table events: column NOTE: use payload added"},
		{"{name: NOTE, logicalType: string}", "{name: NOTE, logicalType: string, customProperties: [{property: tre.column, value: {use: ['identity:forename']}}]}",
			Major, "table events: column NOTE: use identity:forename added"},
	} {
		text := sample(t)
		change := Diff(parsed(t, text), parsed(t, changed(t, text, c.old, c.next)))
		if change.Class != c.class {
			t.Errorf("%q: class %s, want %s: %s", c.next, change.Class, c.class, change.Text())
		}
		if c.reason != "" && !strings.Contains(change.Text(), c.class.String()+": "+c.reason+"\n") {
			t.Errorf("%q: got\n%s want %s", c.next, change.Text(), c.reason)
		}
	}
}

func TestDiffOfTables(t *testing.T) {
	text := sample(t)
	extra := func(rules string) string {
		return text + "  - {name: more, logicalType: object, physicalName: More, properties: [{name: A, logicalType: string, required: true, primaryKey: true," +
			" customProperties: [{property: tre.column, value: {use: [key]}}]}]," +
			" customProperties: [{property: tre.table, value: {files: 'more', subject: none" + rules + "}}]}\n"
	}
	for _, c := range []struct {
		old, next string
		class     Class
		reason    string
	}{
		{text, extra(""), Minor, "table more: added"},
		{text, extra(", mandatory: true"), Major, "table more: added, and every delivery must have it"},
		{extra(""), text, Major, "table more: removed or renamed"},
	} {
		change := Diff(parsed(t, c.old), parsed(t, c.next))
		want := []Reason{{c.class, "table more", strings.TrimPrefix(c.reason, "table more: ")}}
		if diff := cmp.Diff(want, change.Reasons); diff != "" || change.Class != c.class {
			t.Errorf("class %s (-want +got):\n%s", change.Class, diff)
		}
	}
}

func TestDiffSaysWhenTheVersionIsTooLow(t *testing.T) {
	text := sample(t)
	changes := map[Class][2]string{
		Patch: {"purpose: Tests.", "purpose: Better words."},
		Minor: {"['1', '2']", "['1', '2', '9']"},
		Major: {"['1', '2']", "['1']"},
		Same:  {"kind: DataContract", "kind: DataContract"},
	}
	for _, c := range []struct {
		class   Class
		version string
		needed  string
	}{
		{Patch, "1.2.3", "1.2.4"}, {Patch, "1.2.4", ""}, {Patch, "2.0.0", ""}, {Patch, "1.1.9", "1.2.4"},
		{Minor, "1.2.4", "1.3.0"}, {Minor, "1.3.0", ""},
		{Major, "1.9.0", "2.0.0"}, {Major, "2.0.0", ""},
		{Same, "1.2.3", ""}, {Same, "1.0.0", ""},
	} {
		next := changed(t, changed(t, text, changes[c.class][0], changes[c.class][1]), "version: 1.2.3", "version: "+c.version)
		change := Diff(parsed(t, text), parsed(t, next))
		if change.Class != c.class || change.Needed != c.needed || change.TooSmall != (c.needed != "") {
			t.Errorf("%s to %s: %s, needed %q", c.class, c.version, change.Class, change.Needed)
		}
		if c.needed != "" && !strings.Contains(change.Text(), c.needed) {
			t.Errorf("the text does not say %s", c.needed)
		}
	}
}

// Going back undoes: what one way only loosens, the other way tightens.
func TestDiffBackwardsOfAMinorChangeIsMajor(t *testing.T) {
	text := changed(t, sample(t), "subject: register, ", "subject: register, rejectRepeated: [ID], ")
	loosen := [][2]string{
		{"['1', '2']", "['1', '2', '9']"}, {"maximum: 400", "maximum: 401"}, {"minimum: 0, ", ""}, {"mandatory: true", "mandatory: false"},
		{"versions: ['7']", "versions: ['7', '8']"}, {"rejectRepeated: [ID], ", ""}, {"      - {name: NOTE,", "      - {name: MORE, logicalType: string}\n      - {name: NOTE,"},
	}
	rapid.Check(t, func(r *rapid.T) {
		next := text
		for i, l := range loosen {
			if i == 0 || rapid.Bool().Draw(r, l[1]) {
				next = strings.Replace(next, l[0], l[1], 1)
			}
		}
		a, b := parsed(t, text), parsed(t, next)
		if there, back := Diff(a, b), Diff(b, a); there.Class != Minor || back.Class != Major {
			r.Fatalf("there %s, back %s", there.Text(), back.Text())
		}
	})
}

func TestHashFollowsMeaning(t *testing.T) {
	text := sample(t)
	hash := func(text string) string {
		h, err := parsed(t, text).Hash()
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	same := hash(text)
	if len(same) != 64 || same != hash(text+"# a comment\n") || same != hash(changed(t, text, "purpose: Tests.", "purpose: Better words.")) {
		t.Error("the hash changes with words or layout")
	}
	for _, c := range [][2]string{{"version: 1.2.3", "version: 1.2.4"}, {"maximum: 400", "maximum: 401"}, {"scope: feed, ", ""}, {"delimiter: '|'", "delimiter: ','"},
		{"month: SEEN, ", ""}, {"subject: register, ", "subject: register, rejectRepeated: [ID], "}, {"values: {'1': male", "values: {'1': female"}} {
		if same == hash(changed(t, text, c[0], c[1])) {
			t.Errorf("the hash does not change with %q", c[1])
		}
	}
}

func TestPayloadIsAnAllowList(t *testing.T) {
	var got []string
	c := parsed(t, sample(t))
	for i := range c.Schema {
		for _, column := range c.Schema[i].Payload() {
			got = append(got, c.Schema[i].Name+"."+column.Name+" "+column.Type)
		}
	}
	want := []string{
		"people.record_key UUID", "people._delivery VARCHAR", "people._row BIGINT", "people.birth_month DATE", "people.SEX VARCHAR",
		"people.PLACE VARCHAR", "people.PLACE_key UUID", "people.GONE BOOLEAN",
		"events.record_key UUID", "events._delivery VARCHAR", "events._row BIGINT", "events.EVENT UUID", "events.SEEN DATE", "events.KIND VARCHAR", "events.WEIGHT DOUBLE",
		"places._delivery VARCHAR", "places._row BIGINT", "places.PLACE UUID",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
