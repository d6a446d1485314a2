package linked

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tre/internal/duck"
	"tre/internal/problem"
	"tre/internal/workspace"
)

// small is a feed of two tables, with enough rows for several row groups and
// threads when n is large. Every third record has no person.
func small(n int, mapping string) Feed {
	return Feed{ID: "small", File: "contracts/small.sql", Mapping: mapping, Prepare: func(ctx context.Context, db *duck.DB) error {
		return db.Exec(ctx, fmt.Sprintf(`CREATE SCHEMA source;
			CREATE VIEW source.deliveries AS SELECT 'd' || i AS delivery, 'P' || i AS provider, '1.0.0' AS contract_version,
				DATE '2024-01-31' + i::INTEGER AS produced, NULL::DATE AS period_start, NULL::DATE AS period_end FROM range(2) AS r(i);
			CREATE VIEW source.rows AS SELECT md5((i %% 1000)::VARCHAR)::UUID AS record_key, 'd' || (i %% 2) AS _delivery, i AS _row,
				DATE '2020-01-01' + (hash(i) %% 700)::INTEGER AS day, ['male', 'female'][1 + i %% 2] AS sex, (i %% 7) / 2 AS number,
				'secret' || i AS text FROM range(%d) AS r(i)`, n))
	}}
}

const smallMapping = `-- a feed for tests

-- shared
CREATE TEMP VIEW everything AS SELECT *, row_event(_delivery, _row, 'x') AS event FROM source.rows;

-- table: measurement
SELECT record_key, _delivery, event AS event_id, 'gp' AS setting, 'X' AS code, 'other' AS code_system, day AS measured_date,
       NULL AS date_precision, number AS value, NULL AS unit
FROM everything

-- table: demographic
SELECT record_key, _delivery, sex, first_of_month(day) AS birth_month, NULL AS ethnicity, 'E01000001' AS lsoa_2011, NULL AS lsoa_2021,
       NULL AS practice, day AS recorded_date
FROM everything WHERE _row < 1000
`

func smallPeople(t *testing.T, region *workspace.Folder) string {
	t.Helper()
	query := "SELECT md5(i::VARCHAR)::UUID AS record_key, CASE WHEN i % 3 > 0 THEN md5('p' || (i // 6))::UUID END AS person FROM range(1000) AS r(i) ORDER BY ALL"
	if err := open(t).WriteParquet(t.Context(), region, "people.parquet", query); err != nil {
		t.Fatal(err)
	}
	return region.Path("people.parquet")
}

func newRegion(t *testing.T) *workspace.Folder {
	t.Helper()
	region, err := workspace.Create(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return region
}

func TestSameBytesWhateverTheThreads(t *testing.T) {
	files := map[int]map[string]string{}
	for _, threads := range []int{1, 2} {
		region := newRegion(t)
		in := In{Region: region, Feeds: []Feed{small(260_000, smallMapping)}, PeopleFile: smallPeople(t, region), Threads: threads}
		result, err := Build(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		want := []TableCount{{"demographic", "small", 666, 334}, {"measurement", "small", 173_160, 86_840}}
		if diff := cmp.Diff(want, result.Tables); diff != "" || result.People != 167 {
			t.Errorf("%d people; tables (-want +got):\n%s", result.People, diff)
		}
		files[threads] = map[string]string{}
		names, err := region.Files("linked")
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			data, err := region.Read(name)
			if err != nil {
				t.Fatal(err)
			}
			files[threads][name] = string(data)
		}
	}
	for name, data := range files[1] {
		if files[2][name] != data {
			t.Errorf("%s differs between one and two threads", name)
		}
	}
	if len(files[1]) != 3 || len(files[2]) != 3 {
		t.Errorf("%d and %d files, want 3", len(files[1]), len(files[2]))
	}
}

// TestOnlyCanonicalColumns reads back what is on disk: names and types are
// those of the schema, whatever a source had beside them.
func TestOnlyCanonicalColumns(t *testing.T) {
	region := newRegion(t)
	in := In{Region: region, Feeds: []Feed{small(100, smallMapping)}, PeopleFile: smallPeople(t, region)}
	if _, err := Build(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	db := open(t)
	for _, table := range append(Tables(), PersonTable()) {
		files, err := region.Files("linked/" + table.Name)
		if err != nil {
			t.Fatal(err)
		}
		want := table.Columns
		if table.Name != "person" {
			want = append(Common(), table.Columns...)
		}
		for _, file := range files {
			rows, err := db.Query(t.Context(), "SELECT column_name || ' ' || column_type FROM (DESCRIBE SELECT * FROM read_parquet("+duck.Text(region.Path(file))+"))")
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range want {
				var got string
				if !rows.Next() || rows.Scan(&got) != nil || got != c.Name+" "+c.Type {
					t.Errorf("%s: column %q, want %s %s", file, got, c.Name, c.Type)
				}
			}
			if rows.Next() {
				t.Errorf("%s has a column too many", file)
			}
			rows.Close()
		}
	}
}

// TestNoTableHasRoomForAnIdentifier is the allow-list read by a person: adding
// a column here is a decision.
func TestNoTableHasRoomForAnIdentifier(t *testing.T) {
	for _, table := range append(Tables(), PersonTable()) {
		for _, c := range table.Columns {
			for _, word := range []string{"nhs", "name", "postcode", "address", "local", "birth_date", "date_of_birth", "record_key", "text", "email", "phone"} {
				if strings.Contains(c.Name, word) {
					t.Errorf("%s.%s", table.Name, c.Name)
				}
			}
		}
	}
}

func TestFaultyMappingsNameFileAndSection(t *testing.T) {
	section := func(what string) string {
		return "-- table: death\nSELECT record_key, _delivery, " + what + " FROM source.rows"
	}
	for _, c := range []struct{ name, mapping, want string }{
		{"a column too many", section("day AS death_date, 'x' AS source, text AS note"), "contracts/small.sql: line 1: table death: has column note"},
		{"a column missing", section("day AS death_date"), "line 1: table death: lacks column source"},
		{"another type", section("day::TIMESTAMP AS death_date, 'x' AS source"), "column death_date is TIMESTAMP and must be DATE"},
		{"no record", "-- table: death\nSELECT _delivery, day AS death_date, 'x' AS source FROM source.rows", "lacks column record_key"},
		{"an unknown table", "-- head\n\n-- table: deaths\nSELECT 1", `line 3: "deaths" is not a canonical table`},
		{"the person table", "-- table: person\nSELECT 1", `"person" is not a canonical table`},
		{"a table twice", section("day AS death_date, 'x' AS source") + "\n" + section("day AS death_date, 'x' AS source"), "line 3: table death has two sections"},
		{"no table", "-- shared\nCREATE VIEW a AS SELECT 1;", "has no section"},
		{"nothing", "", "has no section"},
		{"SQL above", "SELECT 1;\n-- table: death\nSELECT 1", "line 1: has SQL above"},
		{"two statements", section("day AS death_date, 'x' AS source") + "; DROP TABLE people", "must be one SELECT"},
		{"another statement", "-- table: death\nDROP TABLE people", "must be one SELECT"},
		{"shared does more", "-- shared\nCREATE VIEW a AS SELECT 1; DELETE FROM people;\n" + section("day AS death_date, 'x' AS source"), "shared may only create"},
		{"shared after a table", section("day AS death_date, 'x' AS source") + "\n-- shared\nCREATE VIEW a AS SELECT 1;", "line 3: shared comes once"},
		{"another file", "-- table: death\nSELECT * FROM read_csv('landing/x.csv')", "no files"},
		{"another file by name", "-- table: death\nSELECT * FROM 'identified/x.parquet'", "no files"},
		{"an unknown column", section("born AS death_date, 'x' AS source"), "line 1: table death: Binder Error"},
		{"bad SQL", "-- table: death\nSELECT FROM WHERE", "line 1: table death: Parser Error"},
		{"bad shared", "-- shared\nCREATE VIEW a AS SELECT 1 FROM nowhere;\n" + section("day AS death_date, 'x' AS source"), "contracts/small.sql: section shared: Catalog Error"},
	} {
		err := Check(t.Context(), small(10, c.mapping))
		if err == nil || !strings.Contains(err.Error(), c.want) || problem.HintOf(err) == "" {
			t.Errorf("%s: got %v, want %q and a hint", c.name, err, c.want)
		}
	}
}

func TestErrorsNeverCarryAValue(t *testing.T) {
	region := newRegion(t)
	people := smallPeople(t, region)
	for _, c := range []struct{ name, mapping, want string }{
		{"a failed cast", "-- table: death\nSELECT record_key, _delivery, day AS death_date, (text::INTEGER)::VARCHAR AS source FROM source.rows", "Conversion Error (its text is not shown"},
		{"a code that is not listed", strings.Replace(smallMapping, "'other' AS code_system", "text AS code_system", 1), "value not listed in column code_system"},
		{"a number too large", strings.Replace(smallMapping, "-- table: demographic", "-- table: condition\nSELECT record_key, _delivery, event AS event_id, 'gp' AS setting, 'X' AS code,"+
			" 'other' AS code_system, day AS recorded_date, 'day' AS date_precision, 12345678901 AS position FROM everything\n\n-- table: demographic", 1), "table condition: Conversion Error"},
		{"a delivery that is not listed", strings.Replace(smallMapping, "SELECT record_key, _delivery, sex", "SELECT record_key, text AS _delivery, sex", 1), "value not listed in column _delivery"},
	} {
		_, err := Build(t.Context(), In{Region: region, Feeds: []Feed{small(10, c.mapping)}, PeopleFile: people})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
		if err != nil && (strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "12345678901")) {
			t.Errorf("%s: the error quotes a value", c.name)
		}
		if region.Exists("linked/death/small.parquet") || region.Exists("linked/condition/small.parquet") {
			t.Errorf("%s: a file was written", c.name)
		}
	}
}

func TestTablesNoLongerMappedGo(t *testing.T) {
	region := newRegion(t)
	in := In{Region: region, Feeds: []Feed{small(1000, smallMapping)}, PeopleFile: smallPeople(t, region)}
	build := func(in In) Result {
		t.Helper()
		result, err := Build(t.Context(), in)
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	build(in)
	without, _, _ := strings.Cut(smallMapping, "-- table: demographic")
	in.Feeds = []Feed{small(1000, without)}
	build(in)
	if region.Exists("linked/demographic/small.parquet") || !region.Exists("linked/measurement/small.parquet") {
		t.Error("the file of a table that is no longer mapped stays, or another went")
	}
	in.Feeds = nil
	if result := build(in); len(result.Tables) != 0 || result.People != 167 {
		t.Errorf("feeds that did not change: %d tables built, %d people", len(result.Tables), result.People)
	}
	if err := Forget(region, "small"); err != nil {
		t.Fatal(err)
	}
	if result := build(in); result.People != 0 || region.Exists("linked/measurement/small.parquet") {
		t.Errorf("a forgotten feed leaves %d people", result.People)
	}
}

func TestRefusesRepeatedRecordsAndDeliveries(t *testing.T) {
	region := newRegion(t)
	query := "SELECT md5('1')::UUID AS record_key, md5(i::VARCHAR)::UUID AS person FROM range(2) AS r(i) ORDER BY ALL"
	if err := open(t).WriteParquet(t.Context(), region, "twice.parquet", query); err != nil {
		t.Fatal(err)
	}
	in := In{Region: region, Feeds: []Feed{small(10, smallMapping)}, PeopleFile: region.Path("twice.parquet")}
	if _, err := Build(t.Context(), in); err == nil || !strings.Contains(err.Error(), "more than one person for 1 records") {
		t.Errorf("a record of two people: %v", err)
	}
	in.PeopleFile = smallPeople(t, region)
	prepare := in.Feeds[0].Prepare
	in.Feeds[0].Prepare = func(ctx context.Context, db *duck.DB) error {
		if err := prepare(ctx, db); err != nil {
			return err
		}
		return db.Exec(ctx, "CREATE TABLE t AS SELECT * FROM source.deliveries UNION ALL SELECT * FROM source.deliveries; DROP VIEW source.deliveries;"+
			" CREATE VIEW source.deliveries AS SELECT * FROM t")
	}
	if _, err := Build(t.Context(), in); err == nil || !strings.Contains(err.Error(), "2 deliveries are listed twice") {
		t.Errorf("a delivery listed twice: %v", err)
	}
}

// TestEveryMacroIsDocumented keeps mappings/README.md and macros.sql together.
func TestEveryMacroIsDocumented(t *testing.T) {
	readme, err := os.ReadFile("mappings/README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.Lines(macros) {
		if rest, ok := strings.CutPrefix(line, "CREATE MACRO "); ok {
			found++
			name, _, _ := strings.Cut(rest, "(")
			if !strings.Contains(string(readme), "`"+name+"(") {
				t.Errorf("macro %s is not in mappings/README.md", name)
			}
		}
	}
	if found < 10 {
		t.Errorf("found %d macros", found)
	}
}

func TestMacros(t *testing.T) {
	db := open(t)
	if err := db.Exec(t.Context(), macros); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ call, want string }{
		{"icd10('R69X')", "R69"}, {"icd10('r69x')", "R69"}, {"icd10('I21.0')", "I210"}, {"icd10('G30.1D')", "G301"}, {"icd10('F00.1*')", "F001"},
		{"icd10('A17.0†')", "A170"}, {"icd10(' i21 0 ')", "I210"}, {"icd10('I10')", "I10"}, {"icd10('I10X D')", "I10"}, {"icd10('')", ""}, {"icd10('&')", ""},
		{"icd10(NULL)", ""}, {"icd10('12')", ""}, {"icd10('S720A')", "S720"}, {"icd10('U071')", "U071"},
		{"opcs4('W37.1')", "W371"}, {"opcs4('w371')", "W371"}, {"opcs4('-')", ""}, {"opcs4('&   ')", ""}, {"opcs4('X99')", "X99"}, {"opcs4('W3712')", ""},
		{"snomed('9990000101')", "9990000101"}, {"snomed(' 9990000101 ')", "9990000101"}, {"snomed('12345')", ""}, {"snomed('1234567890123456789')", ""},
		{"snomed('MULTIPLE_DMD_MAPPING')", ""},
		{"sex_stated('9')", "indeterminate"}, {"sex_stated('X')", "unknown"}, {"sex_stated('1')", "male"}, {"sex_stated(NULL)", "unknown"},
		{"sex_recorded('9')", "unknown"}, {"sex_recorded('0')", "unknown"}, {"sex_recorded('2')", "female"}, {"sex_recorded('3')", "indeterminate"},
		{"sex_word('FEMALE')", "female"}, {"sex_word('m')", "male"}, {"sex_word('Unknown')", "unknown"}, {"sex_word('I')", "indeterminate"},
		{"ethnicity_2001('A')", "A"}, {"ethnicity_2001('j')", "J"}, {"ethnicity_2001('C2')", "C"}, {"ethnicity_2001('A*')", "A"}, {"ethnicity_2001('Z')", "Z"}, {"ethnicity_2001('Z*')", "Z"},
		{"ethnicity_2001('X')", "99"}, {"ethnicity_2001('99')", "99"}, {"ethnicity_2001('0')", ""}, {"ethnicity_2001('9')", ""}, {"ethnicity_2001('I')", ""},
		{"ethnicity_2001('British')", ""},
		{"ethnicity_read2('9i0..')", "A"}, {"ethnicity_read2('9i8..00')", "J"}, {"ethnicity_read2('9i7')", "H"}, {"ethnicity_read2('9iG..')", "Z"}, {"ethnicity_read2('9iH..')", ""},
		{"ethnicity_read2('9I0..')", ""}, {"ethnicity_read2('9S1..')", ""}, {"ethnicity_read2(NULL)", ""}, {"ethnicity_read2('9iF..')", "S"}, {"ethnicity_read2('9iA..')", "L"},
		{"ethnicity_ctv3('XaJQv')", "A"}, {"ethnicity_ctv3('XaJR3')", "J"}, {"ethnicity_ctv3('XaJRB')", "Z"}, {"ethnicity_ctv3('XAJRB')", ""}, {"ethnicity_ctv3(NULL)", ""},
		{"attendance('5')", "attended"}, {"attendance('6')", "attended"}, {"attendance('3')", "did_not_attend"}, {"attendance('7')", "did_not_attend"},
		{"attendance('2')", "cancelled"}, {"attendance('4')", "cancelled"}, {"attendance('0')", "unknown"}, {"attendance(NULL)", "unknown"},
		{"practice_code('a81001')", "A81001"}, {"practice_code('V81999')", ""}, {"practice_code('')", ""}, {"practice_code(NULL)", ""},
		{"lsoa('e01000001')", "E01000001"}, {"lsoa('Z99999999')", ""}, {"lsoa('E99999999')", ""}, {"lsoa('W01000001')", "W01000001"}, {"lsoa('S01000001')", ""},
		{"first_of_month(DATE '2024-02-29')", "2024-02-01"}, {"first_of_month(TIMESTAMP '2024-02-29 10:00:00')", "2024-02-01"},
		{"row_event('d', 1, 'a') = row_event('d', 1, 'a')", "true"}, {"row_event('d', 1, 'a') = row_event('d', 1, 'b')", "false"},
	} {
		var got string
		if err := db.Row(t.Context(), []any{&got}, "SELECT coalesce(("+c.call+")::VARCHAR, '')"); err != nil || got != c.want {
			t.Errorf("%s: got %q, %v, want %q", c.call, got, err, c.want)
		}
	}
}

// FuzzParseMapping: a region writes its own mappings. Whatever the text, it is
// refused or it falls into single SELECTs that read no files.
func FuzzParseMapping(f *testing.F) {
	f.Add(smallMapping)
	f.Add("-- table: death\nSELECT 1 FROM 'a/b'\n-- shared\n;")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := parseMapping("contracts/x.sql", text)
		if err != nil {
			return
		}
		seen := map[string]bool{}
		for _, s := range m.parts {
			if seen[s.table.Name] || strings.Contains(s.query, ";") || elsewhereForm.MatchString(s.query) || !selectForm.MatchString(s.query) {
				t.Fatalf("section %s passes", s.table.Name)
			}
			seen[s.table.Name] = true
		}
	})
}
