package feed

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tre/internal/sealed"
)

func TestExtractSplitsIdentityFromPayload(t *testing.T) {
	r := newTrial(t)
	m := r.clinic(twoPeople, "7,P1,2026-01-03,09:30,2026-01-03 09:31:02,30,1.5,visit,free text,\n8,P9,2026-01-04,,,0,,other,,\n")
	if m.Refusal != nil {
		t.Fatal(m.Refusal.Message)
	}
	identity := r.rows(`SELECT subject, row, local_id, nhs_number, nhs_number_quality, nhs_number_status, surname, birth_date::varchar, birth_date_quality,
		sex, postcode, postcode_quality, test, provider, delivery, typeof(record_key), record_key = local_key FROM ` + r.file(IdentityName("clinic", "person", m.ID)) + " ORDER BY row")
	want := [][]string{
		{"person", "1", "P1", "9990000018", "valid", "01", "Example", "1950-05-04", "valid", "male", "NE1 4LP", "valid", "false", "X01", m.ID, "UUID", "true"},
		{"person", "2", "P2", "~", "missing", "07", "Sample", "1980-01-01", "valid", "unknown", "ZZ99 3VZ", "pseudo", "true", "X01", m.ID, "UUID", "true"},
	}
	if d := cmp.Diff(want, identity); d != "" {
		t.Error(d)
	}
	person := r.rows("SELECT _row, _delivery, mother_record_key, birth_month::varchar, lsoa_2011, lsoa_2021, Sex FROM " + r.file(PayloadName("clinic", "person", m.ID)) + " ORDER BY _row")
	if d := cmp.Diff([][]string{{"1", m.ID, "~", "1950-05-01", "E01000001", "E01000002", "1"}, {"2", m.ID, "~", "1980-01-01", "~", "~", "9"}}, person); d != "" {
		t.Error(d)
	}
	contact := r.rows(`SELECT _row, ContactID, typeof(ContactID_key), Day::varchar, "At", Seen::varchar, Minutes, Score, Kind, typeof(Seen), typeof(Minutes), typeof(Score) FROM ` +
		r.file(PayloadName("clinic", "contact", m.ID)) + " ORDER BY _row")
	want = [][]string{
		{"1", "7", "UUID", "2026-01-03", "09:30:00", "2026-01-03 09:31:02", "30", "1.5", "visit", "TIMESTAMP", "BIGINT", "DOUBLE"},
		{"2", "8", "UUID", "2026-01-04", "~", "~", "0", "~", "other", "TIMESTAMP", "BIGINT", "DOUBLE"},
	}
	if d := cmp.Diff(want, contact); d != "" {
		t.Error(d)
	}
	joined := r.rows("SELECT p._row, c._row FROM " + r.file(PayloadName("clinic", "person", m.ID)) + " p JOIN " + r.file(PayloadName("clinic", "contact", m.ID)) + " c USING (record_key)")
	if d := cmp.Diff([][]string{{"1", "1"}}, joined); d != "" {
		t.Error("tables join by the record key: " + d)
	}
}

// The payload's columns are those that the mappings are promised.
func TestPayloadColumnsAreThoseOfTheContract(t *testing.T) {
	catalogue, err := NewCatalogue(nil)
	if err != nil {
		t.Fatal(err)
	}
	r := newTrial(t)
	for _, c := range catalogue.All() {
		for i := range c.Schema {
			table := &c.Schema[i]
			x := &extraction{job: &Job{Key: r.key, Region: r.region}, layout: &layout{contract: c, full: map[string]bool{}}}
			p := &part{table: table, at: make([]int, len(table.Properties))}
			for n, property := range table.Properties {
				p.at[n] = n
				p.header = append(p.header, property.Name)
			}
			columns, err := x.columns(p)
			if err != nil {
				t.Fatalf("%s: %v", c.ID, err)
			}
			s := compileSplit(x.job, c, table, x.checker(p, columns, newTally(len(columns))), "0123456789abcdef")
			file, err := newParquetFile(r.region, "x.parquet", s.vectors(), sealed.Key{})
			if err != nil {
				t.Fatal(err)
			}
			if err := file.finish(); err != nil {
				t.Fatal(err)
			}
			if _, err := file.commit(); err != nil {
				t.Fatal(err)
			}
			var got, want [][]string
			got = r.rows("SELECT column_name, column_type FROM (DESCRIBE FROM " + r.file("x.parquet") + ")")
			for _, column := range table.Payload() {
				want = append(want, []string{column.Name, column.Type})
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s %s: %s", c.ID, table.Name, d)
			}
		}
	}
}

// Every embedded contract reads a delivery of its own layout.
func TestEmbeddedContractsCompile(t *testing.T) {
	catalogue, err := NewCatalogue(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range catalogue.All() {
		for i := range c.Schema {
			table := &c.Schema[i]
			l := &layout{contract: c}
			p := &part{table: table, member: member{path: table.PhysicalName}}
			for _, property := range table.Properties {
				p.header = append(p.header, property.Name)
			}
			at, err := l.matchHeader(p)
			if err != nil {
				t.Errorf("%s %s: %v", c.ID, table.Name, err)
			}
			for n, found := range at {
				if found != n {
					t.Errorf("%s %s: column %d was found at %d", c.ID, table.Name, n, found)
				}
			}
		}
	}
}

func TestRowsAreAccountedFor(t *testing.T) {
	r := newTrial(t)
	m := r.clinic(onePerson, "7,P1,2026-01-03,,,,,,,\n,P1,2026-01-03,,,,,,,\n9,P1,2026-02-30,,,,,,,\n10,P1,2026-01-03\n11,P1,2026-01-03,,,,,,,\n12,P1,2026-01-03,,,,,,,\n13,P1,2026-01-03,,,,,,,\n")
	c := r.table(m, "contact")
	if c.RowsIn != 7 || c.Kept != 4 || c.Quarantined != 3 {
		t.Errorf("%+v", c)
	}
	if d := cmp.Diff([]string{"2 ContactID required", "3 Day bad_date", "4  too_few_fields"}, r.quarantined(m)); d != "" {
		t.Error(d)
	}
}

// A quarantine file, an error and a manifest say where, never what.
func TestNoValueLeavesTheRow(t *testing.T) {
	r := newTrial(t)
	const secret = "Zqxsecret"
	m := r.clinic(onePerson, secret+","+secret+","+secret+","+secret+","+secret+","+secret+","+secret+","+secret+"!,"+secret+","+secret+"\n")
	r.refused(m, "kind_fatal", "row 1", "column Kind")
	for _, name := range []string{ManifestName("clinic", m.ID), QuarantineName("clinic", m.ID)} {
		data, err := r.region.Read(name)
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(data), secret) {
			t.Errorf("%s holds a value of the row", name)
		}
	}
}

func TestSameBytesWhateverTheWorkers(t *testing.T) {
	var contacts strings.Builder
	for i := range 20_000 {
		contacts.WriteString("7" + strings.Repeat("1", i%9) + ",P" + string(rune('0'+i%10)) + ",2026-01-03,09:30,,30,1.5,visit,\"two\nlines\",\n")
	}
	r := newTrial(t)
	read := func(workers int) map[string]string {
		r.workers = workers
		m := r.clinic(twoPeople, contacts.String())
		outputs := map[string]string{}
		for _, o := range m.Outputs {
			data, err := os.ReadFile(r.region.Path(o.Path))
			if err != nil {
				t.Fatal(err)
			}
			outputs[o.Path] = string(data)
		}
		return outputs
	}
	one, four := read(1), read(4)
	if len(one) < 5 {
		t.Fatalf("only %d outputs", len(one))
	}
	for name, data := range one {
		if data != four[name] {
			t.Errorf("%s differs", name)
		}
	}
}

func TestVODIMCountsEveryCellOnce(t *testing.T) {
	r := newTrial(t)
	m := r.clinic(onePerson, "7,P1,2026-01-03,,,0,,other,,\n8,P1,2026-01-04,25:00,,x,,visit,,\n9,P1,2024-02-29,09:00,1900-01-01,601,,,,\n10,P1,2019-02-28,09:00,,6,,,,\n")
	got := map[string]FieldCount{}
	for _, f := range m.Quality {
		if f.Table == "contact" {
			got[f.Column+" "+f.Month] = f
		}
	}
	want := map[string]FieldCount{
		"Minutes 2026-01": {Table: "contact", Column: "Minutes", Month: "2026-01", Default: 1, Invalid: 1},
		"Minutes 2024-02": {Table: "contact", Column: "Minutes", Month: "2024-02", Invalid: 1},
		"Minutes 2019":    {Table: "contact", Column: "Minutes", Month: "2019", Valid: 1},
		"Kind 2026-01":    {Table: "contact", Column: "Kind", Month: "2026-01", Other: 1, Valid: 1},
		"At 2026-01":      {Table: "contact", Column: "At", Month: "2026-01", Missing: 1, Invalid: 1},
		"Seen 2024-02":    {Table: "contact", Column: "Seen", Month: "2024-02", Default: 1},
	}
	for key, f := range want {
		if d := cmp.Diff(f, got[key]); d != "" {
			t.Errorf("%s: %s", key, d)
		}
	}
}
