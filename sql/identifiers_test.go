package sql_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tre/sql"
)

// clearParts are what names of clear identifiers hold, whatever stands around it.
func clearParts() []string {
	return []string{
		"nhs_n", "nhsn", "forename", "surname", "given_name", "givenname", "family_name", "familyname", "first_name", "last_name",
		"middle_name", "full_name", "person_name", "patient_name", "postcode", "post_code", "birth_date", "birthdate", "date_of_birth",
		"dateofbirth", "birth_day", "local_id", "local_patient", "hospital_number", "address", "telephone", "phone", "email",
		"record_key", "local_key", "person_id", "identity", "identified",
	}
}

// clearWords are identifiers as whole names; within others they mean nothing.
func clearWords() []string { return []string{"dob", "nhs", "name_of_person", "uprn"} }

// outside are ways to other data than the tables a question is offered.
func outside() []string {
	return []string{"read_", "parquet_", "sniff_", "glob", "attach", "copy", "install", "load", "pragma", "getenv", "query_table"}
}

var (
	notNames = regexp.MustCompile(`(?s)--[^\n]*|/\*.*?\*/|'(?:[^']|'')*'`)
	source   = regexp.MustCompile(`(?i)\b(from|join)\s*\(?\s*(''|(whole|typed)\.)`) // a file, or a table as it is today
	sqlName  = regexp.MustCompile(`[A-Za-z_][A-Za-z0-9_]*`)
)

// names gives every name in a text of SQL, without comments and texts, lower case.
func names(text string) []string {
	return sqlName.FindAllString(strings.ToLower(notNames.ReplaceAllString(text, " ")), -1)
}

// clearIn gives the first name of a clear identifier among names, or "".
func clearIn(names []string) string {
	for _, name := range names {
		if slices.Contains(clearWords(), name) || slices.ContainsFunc(clearParts(), func(part string) bool { return strings.Contains(name, part) }) {
			return name
		}
	}
	return ""
}

// TestNothingNamesAClearIdentifier: no question, no reference table and no
// linked table has a column, a parameter or a name for one.
func TestNothingNamesAClearIdentifier(t *testing.T) {
	questions, err := sql.Questions()
	if err != nil || len(questions) == 0 {
		t.Fatal("no questions", err)
	}
	for _, q := range questions {
		all := append(names(q.Text), q.Name)
		for _, p := range q.Parameters {
			all = append(all, p.Name)
		}
		if found := clearIn(append(all, q.Reads...)); found != "" {
			t.Errorf("question %s names %s", q.Name, found)
		}
	}
	tables, err := sql.References()
	if err != nil || len(tables) == 0 {
		t.Fatal("no reference tables", err)
	}
	for _, table := range tables {
		columns := []string{table.Name}
		for _, c := range table.Columns {
			columns = append(columns, c.Name)
		}
		if found := clearIn(columns); found != "" {
			t.Errorf("reference table %s names %s", table.Name, found)
		}
	}
	if found := clearIn(names(sql.LinkedTables())); found != "" {
		t.Errorf("the linked tables have a column %s", found)
	}
}

// TestQuestionsReachOnlyWhatTheyAreOffered: a question opens no file, and goes
// round no view that hides what arrived later.
func TestQuestionsReachOnlyWhatTheyAreOffered(t *testing.T) {
	files, err := filepath.Glob("*.sql")
	if err != nil || len(files) == 0 {
		t.Fatal("no questions", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if way := wayOut(string(text)); way != "" {
			t.Errorf("%s: %s", file, way)
		}
	}
}

func wayOut(text string) string {
	for _, name := range names(text) {
		for _, way := range outside() {
			if name == way || strings.HasSuffix(way, "_") && strings.HasPrefix(name, way) {
				return name
			}
		}
	}
	return source.FindString(notNames.ReplaceAllStringFunc(text, func(found string) string {
		if strings.HasPrefix(found, "'") {
			return "''"
		}
		return " "
	}))
}

// TestIdentifiersWouldBeSeen plants what the tests above look for.
func TestIdentifiersWouldBeSeen(t *testing.T) {
	for _, text := range []string{
		"SELECT NHS_NUMBER FROM person", "SELECT p.Forename", `SELECT "surname_soundex" FROM x`, "postcode_district", "birth_date", "$local_id::VARCHAR",
		"SELECT NEWNHSNO", "home_address", "x.dob", "-- harmless\nSELECT person_id",
	} {
		if clearIn(names(text)) == "" {
			t.Errorf("%q would pass", text)
		}
	}
	for _, text := range []string{"SELECT birth_month, name FROM conditions -- no postcode", "SELECT 'address' AS label"} {
		if found := clearIn(names(text)); found != "" {
			t.Errorf("%q is taken for %s", text, found)
		}
	}
	for _, text := range []string{"SELECT * FROM read_parquet('x')", "SELECT * FROM 'identified/index/people.parquet'", "FROM whole.person", "FROM a JOIN ('b.csv')", "COPY person TO 'x'"} {
		if wayOut(text) == "" {
			t.Errorf("%q would pass", text)
		}
	}
}
